import { describe, expect, it } from "vitest";
import type { Line } from "./line.ts";
import { plottedParts, stepRange } from "./plotted.ts";

const line: Line = {
  name: "held out",
  colour: 0,
  xs: [0, 10, 20],
  ys: [4, 2, 0],
  band: { low: [3, 0, null], high: [5, 4, null] },
  isMarked: true,
  raw: null,
};
const linear = { isLogX: false, isLogY: false };

const drawn = (scales: typeof linear, lines: readonly Line[]) =>
  plottedParts(lines, scales, [0, 20], 100).map(({ kind, samples }) => [kind, samples.xs, samples.ys]);

describe("what is drawn of a line", () => {
  it("is its band, the lower edge first, and then itself", () => {
    expect(drawn(linear, [line])).toEqual([
      ["low", [0, 10, 20], [3, 0, null]],
      ["high", [0, 10, 20], [5, 4, null]],
      ["line", [0, 10, 20], [4, 2, 0]],
    ]);
  });

  it("has what it was before it was smoothed behind it", () => {
    expect(drawn(linear, [{ ...line, band: null, raw: [9, 1, 1] }]).map(([kind]) => kind)).toEqual(["raw", "line"]);
  });

  it("leaves out what has no logarithm, but for an interval that reaches down to 0, which goes to the lowest value", () => {
    expect(drawn({ isLogX: false, isLogY: true }, [line])).toEqual([
      ["low", [0, 10, 20], [3, 2, null]],
      ["high", [0, 10, 20], [5, 4, null]],
      ["line", [0, 10, 20], [4, 2, null]],
    ]);
  });

  it("leaves out step 0 where steps are logarithmic", () => {
    const [part] = drawn({ isLogX: true, isLogY: false }, [{ ...line, band: null }]);
    expect(part).toEqual(["line", [10, 20], [2, 0]]);
    expect(drawn({ isLogX: true, isLogY: false }, [{ ...line, band: null, xs: [0], ys: [1] }])).toEqual([
      ["line", [], []],
    ]);
  });
});

it("the steps of lines go from the first of one to the last of another", () => {
  const later = { ...line, xs: [5, 50], ys: [1, 1] };
  expect(stepRange([line, later], false)).toEqual([0, 50]);
  expect(stepRange([line, later], true)).toEqual([5, 50]);
  expect(stepRange([{ ...line, xs: [], ys: [] }], false)).toBeNull();
});
