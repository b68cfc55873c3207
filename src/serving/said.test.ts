import { describe, expect, it } from "vitest";
import { HostArray } from "../graph/host-array.ts";
import { counted, heldChunk, noAnswers, together } from "./said.ts";

const none = Number.NaN;
const held = (cells: readonly number[]) => {
  const { chunk, said } = heldChunk(new HostArray("t d", [3, 2], "float32", Float32Array.from(cells)));
  return [said, chunk.axes, chunk.shape, [...chunk.cells]];
};

describe("a chunk that was said in part", () => {
  it("goes on with its last step, each dof with its own", () => {
    expect(held([1, 2, 3, 4, none, none])).toEqual([2, "t d", [3, 2], [1, 2, 3, 4, 3, 4]]);
    expect(held([1, 2, none, none, none, none])).toEqual([1, "t d", [3, 2], [1, 2, 1, 2, 1, 2]]);
  });

  it("is as it was said where it was said whole, and 0 where nothing was", () => {
    expect(held([1, 2, 3, 4, 5, 6])).toEqual([3, "t d", [3, 2], [1, 2, 3, 4, 5, 6]]);
    expect(held(Array<number>(6).fill(none))).toEqual([0, "t d", [3, 2], [0, 0, 0, 0, 0, 0]]);
  });
});

it("answers are counted as whole, short or broken, over several robots", () => {
  const one = [8, 7, 0, 1, 0].reduce((counts, said) => counted(counts, said, 8), noAnswers);
  expect(one).toEqual({ all: 5, short: 2, broken: 2 });
  expect(together([one, counted(noAnswers, 8, 8), noAnswers])).toEqual({ all: 6, short: 2, broken: 2 });
});
