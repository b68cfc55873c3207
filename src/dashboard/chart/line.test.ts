import { expect, it } from "vitest";
import { csvOf, type Line, valueAt } from "./line.ts";

const plain: Line = { name: "loss", colour: 0, xs: [1, 2, 4], ys: [8, 4, 2], band: null, isMarked: false, raw: null };

it("gives the value of the nearest step, the earlier of two that are as near", () => {
  const steps = [-5, 1.4, 1.6, 3, 3.1, 99].map((step) => valueAt(plain, step)?.step);
  expect(steps).toEqual([1, 1, 2, 2, 4, 4]);
  expect(valueAt({ ...plain, xs: [], ys: [] }, 1)).toBeNull();
});

it("gives what was smoothed, and the interval where there is one", () => {
  const line: Line = { ...plain, raw: [9, 3, 2], band: { low: [7, null, 1], high: [9, null, 3] } };
  expect(valueAt(line, 1)).toEqual({ step: 1, value: 8, raw: 9, interval: [7, 9] });
  expect(valueAt(line, 2)).toEqual({ step: 2, value: 4, raw: 3, interval: null });
});

it("writes a row for each step that a line has, with nothing where another has none", () => {
  const other: Line = { ...plain, name: 'a, "b"', xs: [2, 3], ys: [5, 6], band: { low: [4, 5], high: [6, 7] } };
  expect(csvOf([plain, other])).toBe(
    ['step,loss,"a, ""b""","a, ""b"" (low)","a, ""b"" (high)"', "1,8,,,", "2,4,5,4,6", "3,,6,5,7", "4,2,,,", ""].join(
      "\n",
    ),
  );
});
