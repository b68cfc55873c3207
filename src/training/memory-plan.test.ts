import { expect, test } from "vitest";
import { memoryPlan, mostGradients } from "./memory-plan.ts";

test("gradients in memory are the subtrees that wait and the one under way, at the rank that has most", () => {
  // Of eight: 0+1 and 2+3 and 4+5 wait as (0..3), (4..5), 6 while 7 is computed.
  expect([1, 2, 3, 4, 8].map((count) => mostGradients(count, 1))).toEqual([1, 2, 2, 3, 4]);
  expect([1, 2, 4, 8].map((count) => mostGradients(count, 2))).toEqual([1, 1, 2, 3]);
});

test("a rank needs its process and all that is counted", () => {
  const counted = {
    weights: 1,
    momentsAndAverages: 20,
    gradients: 300,
    activations: 4000,
    programs: 50_000,
    pictures: 600_000,
  };
  expect(memoryPlan(counted, 7_000_000)).toEqual({ ...counted, process: 7_000_000, total: 7_654_321 });
});
