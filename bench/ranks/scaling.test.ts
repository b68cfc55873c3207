import { expect, test } from "vitest";
import { scale } from "./scaling.ts";

test("a step on two ranks and on eight comes to what one finds by hand", () => {
  const base = { stepMs: 100, reduceMs: 4, parameters: 1_000_000 };
  // 32 Mbit at 10 Gb/s are 3.2 ms; 4 ms of handling; one bucket of 2 messages of 0.02 ms.
  const two = scale(base, { ranks: 2, parameters: 1_000_000, gigabitsPerSecond: 10 });
  expect(two.reduceMs).toBeCloseTo(3.2 + 4 + 0.04, 12);
  expect(two.efficiency).toBeCloseTo(100 / 107.24, 12);
  expect(two.fasterEfficiency).toBeCloseTo(1 / 8.24, 12);
  // 7/4 gradients of 64 Mbit at 100 Gb/s; 8 ms · 7/4; ⌈2e6 / 2^20⌉ = 2 buckets of 14 messages.
  const eight = scale(base, { ranks: 8, parameters: 2_000_000, gigabitsPerSecond: 100 });
  expect(eight.computeMs).toBe(200);
  expect(eight.reduceMs).toBeCloseTo(1.12 + 14 + 0.56, 12);
});

test("many ranks wait for the latency of many messages", () => {
  const base = { stepMs: 100, reduceMs: 0, parameters: 1_000_000 };
  // Slices of 2^15 cells: 512 of them make a bucket of 16.8 M cells, so one bucket of 2 · 511 messages.
  const { reduceMs } = scale(base, { ranks: 512, parameters: 1_000_000, gigabitsPerSecond: 100 });
  expect(reduceMs).toBeCloseTo(0.32 * 2 * (511 / 512) + 2 * 511 * 0.02, 12);
});
