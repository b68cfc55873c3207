import { expect, test } from "vitest";
import { scale } from "./scaling.ts";

test("a step on two ranks and on eight comes to what one finds by hand", () => {
  const base = { stepMs: 100, betweenMs: 4, parameters: 1_000_000 };
  // Half of 3 · 32 Mbit at 10 Gb/s are 4.8 ms; 4 ms of handling; one bucket of 2 messages of 0.02 ms, and one of weights.
  const two = scale(base, { ranks: 2, parameters: 1_000_000, gigabitsPerSecond: 10 });
  expect(two.betweenMs).toBeCloseTo(4.8 + 4 + 0.06, 12);
  expect(two.efficiency).toBeCloseTo(100 / 108.86, 12);
  expect(two.fasterEfficiency).toBeCloseTo(1 / 9.86, 12);
  // 7/8 of 3 · 64 Mbit at 100 Gb/s; 8 ms · 7/4; ⌈2e6 / 2^20⌉ = 2 buckets of 14 messages, and 7 of weights.
  const eight = scale(base, { ranks: 8, parameters: 2_000_000, gigabitsPerSecond: 100 });
  expect(eight.computeMs).toBe(200);
  expect(eight.betweenMs).toBeCloseTo(1.68 + 14 + 0.7, 12);
});

test("many ranks wait for the latency of many messages", () => {
  const base = { stepMs: 100, betweenMs: 0, parameters: 1_000_000 };
  // Slices of 2^15 cells: 512 of them make a bucket of 16.8 M cells, so one bucket of 2 · 511 messages, and 511 of weights.
  const { betweenMs } = scale(base, { ranks: 512, parameters: 1_000_000, gigabitsPerSecond: 100 });
  expect(betweenMs).toBeCloseTo(0.32 * 3 * (511 / 512) + 3 * 511 * 0.02, 12);
});
