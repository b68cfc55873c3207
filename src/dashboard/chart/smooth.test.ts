import { expect, it } from "vitest";
import { smoothed } from "./smooth.ts";

it("is what it was where nothing is smoothed", () => {
  expect(smoothed([3, 1, 2], 0)).toEqual([3, 1, 2]);
});

it("weighs each value half as much as the one after it, at a half", () => {
  // (0 + 2 · 6) / 3 = 4; (0 + 2 · 6 + 4 · 3) / 7 = 24 / 7.
  const [first, second, third] = smoothed([0, 6, 3], 0.5);
  expect(first).toBe(0);
  expect(second).toBeCloseTo(4, 12);
  expect(third).toBeCloseTo(24 / 7, 12);
});

it("leaves a constant alone from its first value on", () => {
  for (const value of smoothed([7, 7, 7, 7], 0.99)) expect(value).toBeCloseTo(7, 9);
});
