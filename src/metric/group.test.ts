import { expect, test } from "vitest";
import type { Reduction, Term } from "../loss/reduction.ts";
import { Mean } from "../validity/mean.ts";
import { type GroupNames, groupErrors, type SampleError } from "./group.ts";

const names: GroupNames = {
  datasets: ["arm", "hand"],
  controlModes: ["joint", "ee"],
  share: ({ dataset }) => (dataset === 0 ? 0.75 : 0.25),
};

const sample = (dataset: number, controlMode: number, sum: number, count: number): SampleError => ({
  dataset,
  controlMode,
  velocity: [new Mean(sum, count)],
});
const terms = (reduction: Reduction): Term[] => [{ name: "velocity", slots: [0], reduction, weight: 1 }];

test("one dataset with two control modes in one batch gives two groups", () => {
  const { groups } = groupErrors([sample(0, 1, 6, 3), sample(0, 0, 4, 4), sample(0, 1, 0, 1)], terms("cells"), names);
  expect(
    groups.map(({ dataset, controlMode, samples, velocity }) => [dataset, controlMode, samples, velocity]),
  ).toEqual([
    ["arm", "joint", 1, 1],
    ["arm", "ee", 2, 1.5],
  ]);
});

test("by samples, a sample with many cells weighs no more than one with few", () => {
  const errors = [sample(0, 0, 40, 10), sample(0, 0, 1, 1)];
  expect(groupErrors(errors, terms("cells"), names).groups[0]?.velocity).toBe(41 / 11);
  expect(groupErrors(errors, terms("samples"), names).groups[0]?.velocity).toBe(2.5);
});

test("each term has its own denominator, and a term without data takes no part", () => {
  const parts: Term[] = [
    { name: "arm", slots: [0, 1], reduction: "cells", weight: 1 },
    { name: "claw", slots: [2], reduction: "cells", weight: 0.5 },
  ];
  const both: SampleError = { dataset: 0, controlMode: 0, velocity: [new Mean(6, 4), new Mean(8, 2)] };
  const arm: SampleError = { dataset: 1, controlMode: 0, velocity: [new Mean(6, 4), Mean.empty] };
  const { groups } = groupErrors([both, arm], parts, names);
  expect(groups.map(({ velocity, loss }) => [velocity, loss])).toEqual([
    [6 / 4 + 0.5 * 4, 6 / 4 + 0.5 * 4],
    [6 / 4, 6 / 4],
  ]);
});

test("a group without supervised cells has no loss and takes no part in the aggregate", () => {
  const { groups, aggregate } = groupErrors([sample(0, 0, 2, 4), sample(1, 0, 0, 0)], terms("samples"), names);
  expect(groups[1]).toMatchObject({ dataset: "hand", samples: 1, velocity: null, loss: null });
  expect(aggregate.velocity).toBe(0.5);
});

test("the aggregate weighs groups by their share of the mixture", () => {
  const { aggregate } = groupErrors([sample(0, 0, 2, 1), sample(1, 0, 6, 1)], terms("cells"), names);
  expect(aggregate.velocity).toBe(0.75 * 2 + 0.25 * 6);
});

test("nothing to validate has no aggregate", () => {
  expect(groupErrors([], terms("cells"), names)).toEqual({
    samples: 0,
    groups: [],
    aggregate: { velocity: null, tokens: null, loss: null },
  });
});
