import { expect, test } from "vitest";
import { bucketCells, scale } from "./scaling.ts";

test("a step on two ranks and on eight comes to what one finds by hand", () => {
  const base = { stepMs: 100, reduceMs: 4, parameters: 1_000_000 };
  // 32 Mbit at 10 Gb/s are 3.2 ms; 4 ms of handling; two buckets of 2 messages of 0.02 ms.
  const two = scale(base, { ranks: 2, parameters: 1_000_000, gigabitsPerSecond: 10 });
  expect(two.reduceMs).toBeCloseTo(3.2 + 4 + 0.08, 12);
  expect(two.efficiency).toBeCloseTo(100 / 107.28, 12);
  // 7/4 gradients of 64 Mbit at 100 Gb/s; 8 ms · 7/4; ⌈2e6 / 2^19⌉ = 4 buckets of 14 messages.
  const eight = scale(base, { ranks: 8, parameters: 2_000_000, gigabitsPerSecond: 100 });
  expect(eight.computeMs).toBe(200);
  expect(eight.reduceMs).toBeCloseTo(1.12 + 14 + 1.12, 12);
});

test("buckets are of half a million cells, until slices would be too small", () => {
  expect([2, 16, 512].map(bucketCells)).toEqual([2 ** 19, 2 ** 19, 2 ** 24]);
});
