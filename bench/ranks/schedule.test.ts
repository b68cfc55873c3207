import { expect, test } from "vitest";
import { account, ways } from "./schedule.ts";

const msOf = (rows: number) => 10 * rows;

test("one pass deals whole micro-batches in turn, with one meeting; its last is filled up", () => {
  const schedule = ways["one pass"]([1, 2, 7], 4, 2);
  expect(schedule).toEqual([
    [{ kind: "compute", rows: 4, repeated: 0 }, { kind: "compute", rows: 4, repeated: 2 }, { kind: "meet" }],
    [{ kind: "compute", rows: 4, repeated: 0 }, { kind: "meet" }],
  ]);
  // Two batches of 40 ms against one: 120 of 160 ms are busy, 20 of them with two filler rows.
  expect(account(schedule, msOf)).toEqual({ wallMs: 80, idle: 0.25, repeated: 0.125 });
});

test("even batches cost every rank a full batch for a dataset of one frame", () => {
  const found = account(ways["loader per dataset, even batches"]([1, 1, 8], 4, 2), msOf);
  // Three rounds of 40 ms; of 24 rows, 3 + 4 and again 3 + 4 are repeated.
  expect(found).toEqual({ wallMs: 120, idle: 0, repeated: 14 / 24 });
});

test("ragged batches leave all ranks but one waiting at a dataset of one frame", () => {
  const found = account(ways["loader per dataset, ragged batches"]([1, 1, 7], 4, 2), msOf);
  // 10 + 10 ms on rank 0 alone, then 40 ms beside 30 ms.
  expect(found.wallMs).toBe(60);
  expect(found.idle).toBeCloseTo(1 - 90 / 120, 12);
  expect(found.repeated).toBe(0);
});

test("the time of one pass depends on frames alone, that of a loader per dataset on datasets", () => {
  const split = (datasets: number) => Array.from({ length: datasets }, () => 64 / datasets);
  const wall = (way: keyof typeof ways) =>
    [1, 4, 64].map((datasets) => account(ways[way](split(datasets), 4, 4), msOf).wallMs);
  expect(wall("one pass")).toEqual([160, 160, 160]);
  expect(wall("loader per dataset, even batches")).toEqual([160, 160, 2560]);
});
