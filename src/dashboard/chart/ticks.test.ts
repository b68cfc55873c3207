import { expect, it } from "vitest";
import { logTicks } from "./ticks.ts";

it("has 1, 2 and 5 times the powers of ten over a few of them", () => {
  expect(logTicks(0.09, 3)).toEqual([0.1, 0.2, 0.5, 1, 2]);
  expect(logTicks(1, 10)).toEqual([1, 2, 5, 10]);
});

it("has the powers alone over many", () => {
  expect(logTicks(0.5, 20_000)).toEqual([1, 10, 100, 1000, 10_000]);
});

it("has even steps where no two of those lie within", () => {
  expect(logTicks(1.74, 2.31)).toEqual([1.8, 2, 2.2]);
  expect(logTicks(0.0221, 0.0236)).toEqual([0.0225, 0.023, 0.0235]);
  expect(logTicks(3, 3)).toEqual([3]);
});
