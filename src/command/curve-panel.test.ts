import { describe, expect, it } from "vitest";
import type { Line } from "../dashboard/chart/line.ts";
import { curvePanel } from "./curve-panel.ts";

const plain = (_: string, text: string) => text;
const line = (xs: readonly number[], ys: readonly (number | null)[]): Line => {
  return { name: "", colour: 0, xs, ys, band: null, isMarked: false, raw: null };
};

describe("a curve in characters", () => {
  it("is a diagonal of dots where each step divides the loss by the same", () => {
    const steps = [0, 1, 2, 3, 4, 5, 6, 7];
    const curve = line(
      steps,
      steps.map((step) => 10 ** (1 - step / 7)),
    );
    // Four characters are eight dots across; two rows are eight down. Beside them stand the labels, two wide.
    expect(curvePanel("loss", curve, { columns: 7, rows: 4 }, plain)).toEqual([
      "loss   ",
      "10 ⠑⢄  ",
      " 1   ⠑⢄",
      "   0  7",
    ]);
  });

  it("keeps a spike of one step among a hundred thousand", () => {
    const xs = Array.from({ length: 100_000 }, (_, at) => at);
    const panel = curvePanel(
      "",
      line(
        xs,
        xs.map((x) => (x === 52_500 ? 100 : 1)),
      ),
      { columns: 14, rows: 5 },
      plain,
    )!;
    // Ten characters; the spike falls on the eleventh of 20 columns of dots, the left one of the sixth, from top to bottom.
    expect(panel.slice(1, 4)).toEqual(["100      ⡇    ", "         ⡇    ", "  1 ⣀⣀⣀⣀⣀⣇⣀⣀⣀⣀"]);
  });

  it("is a level line in the middle where nothing changes, and a dot where there is one step", () => {
    expect(curvePanel("", line([5, 9], [2, 2]), { columns: 4, rows: 3 }, plain)!.slice(1)).toEqual(["2 ⠤⠤", "  59"]);
    // Of 12 dots down the seventh is the middle: the third of the second row.
    expect(curvePanel("", line([5, 9], [2, 2]), { columns: 4, rows: 5 }, plain)!.slice(1, 4)).toEqual([
      "    ",
      "2 ⠤⠤",
      "    ",
    ]);
    expect(curvePanel("", line([5], [2]), { columns: 4, rows: 3 }, plain)!.slice(1)).toEqual(["2 ⠄ ", "  5 "]);
  });

  it("has a gap where there is no value, and passes over what has no logarithm", () => {
    const curve = line([0, 1, 2, 3], [1, null, 0, 1]);
    expect(curvePanel("", curve, { columns: 4, rows: 3 }, plain)![1]).toBe("1 ⠄⠠");
    expect(curvePanel("", line([0, 1], [0, null]), { columns: 9, rows: 5 }, plain)).toBeNull();
    expect(curvePanel("", line([], []), { columns: 9, rows: 5 }, plain)).toBeNull();
  });

  it("paints its labels and its dots, and counts no colour as a character", () => {
    const marked = (style: string, text: string) => `<${style}>${text}</>`;
    expect(curvePanel("loss", line([0, 1], [1, 1]), { columns: 5, rows: 3 }, marked)).toEqual([
      "loss ",
      "<dim>1</> <cyan>⠤⠤⠤</>",
      "<dim>  0 1</>",
    ]);
  });
});
