import { expect, it } from "vitest";
import { firstNonFinite } from "./finite.ts";

it("finds the first action that is no finite float32, step by step", () => {
  expect(
    firstNonFinite([
      [0, 1],
      [2, Number.NaN],
      [Number.NaN, 0],
    ]),
  ).toEqual({ step: 1, dof: 1 });
  expect(firstNonFinite([[Number.NEGATIVE_INFINITY, 1]])).toEqual({ step: 0, dof: 0 });
  // 3.4e38 is the greatest float32; 3.5e38 is finite in float64 alone.
  expect(
    firstNonFinite([
      [3.4e38, 1],
      [3.5e38, 0],
    ]),
  ).toEqual({ step: 1, dof: 0 });
  expect(
    firstNonFinite([
      [0, -0],
      [1e-300, 7],
    ]),
  ).toBeNull();
});
