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
  episode: 0,
  terms: [new Mean(sum, count)],
});
const terms = (reduction: Reduction): Term[] => [
  { name: "velocity", errors: "velocity", slots: [0], reduction, weight: 1 },
];

/** Of the first group, in an episode. */
const inEpisode = (episode: number, sum: number, count: number): SampleError => ({
  ...sample(0, 0, sum, count),
  episode,
});

test("one dataset with two control modes in one batch gives two groups", () => {
  const { groups } = groupErrors([sample(0, 1, 6, 3), sample(0, 0, 4, 4), sample(0, 1, 0, 1)], terms("cells"), names);
  expect(groups.map(({ dataset, controlMode, samples, loss }) => [dataset, controlMode, samples, loss])).toEqual([
    ["arm", "joint", 1, 1],
    ["arm", "ee", 2, 1.5],
  ]);
});

test("by samples, a sample with many cells weighs no more than one with few", () => {
  const errors = [sample(0, 0, 40, 10), sample(0, 0, 1, 1)];
  expect(groupErrors(errors, terms("cells"), names).groups[0]?.loss).toBe(41 / 11);
  expect(groupErrors(errors, terms("samples"), names).groups[0]?.loss).toBe(2.5);
});

test("each term has its own denominator, and a term without data takes no part", () => {
  const parts: Term[] = [
    { name: "arm", errors: "velocity", slots: [0, 1], reduction: "cells", weight: 1 },
    { name: "claw", errors: "velocity", slots: [2], reduction: "cells", weight: 0.5 },
  ];
  const both: SampleError = { dataset: 0, controlMode: 0, episode: 0, terms: [new Mean(6, 4), new Mean(8, 2)] };
  const arm: SampleError = { dataset: 1, controlMode: 0, episode: 0, terms: [new Mean(6, 4), Mean.empty] };
  const { groups } = groupErrors([both, arm], parts, names);
  expect(groups.map(({ byErrors, loss }) => [byErrors.get("velocity"), loss])).toEqual([
    [6 / 4 + 0.5 * 4, 6 / 4 + 0.5 * 4],
    [6 / 4, 6 / 4],
  ]);
});

test("errors of several objectives are averaged apart and added up; one without data is null and takes no part", () => {
  const own: Term[] = [
    { name: "velocity", errors: "velocity", slots: [0], reduction: "cells", weight: 1 },
    { name: "tokens", errors: "tokens", slots: [0], reduction: "samples", weight: 2 },
  ];
  const both: SampleError = { dataset: 0, controlMode: 0, episode: 0, terms: [new Mean(6, 4), new Mean(8, 2)] };
  const said: SampleError = { dataset: 1, controlMode: 0, episode: 0, terms: [Mean.empty, new Mean(9, 3)] };
  const { groups, aggregate } = groupErrors([both, said], own, names);
  expect(groups.map(({ byErrors, loss }) => [byErrors.get("velocity"), byErrors.get("tokens"), loss])).toEqual([
    [1.5, 8, 9.5],
    [null, 6, 6],
  ]);
  expect([...aggregate.byErrors]).toEqual([
    ["velocity", 1.5],
    ["tokens", 0.75 * 8 + 0.25 * 6],
  ]);
  expect(aggregate.loss).toBe(0.75 * 9.5 + 0.25 * 6);
});

test("a group without supervised cells has no loss and takes no part in the aggregate", () => {
  const { groups, aggregate } = groupErrors([sample(0, 0, 2, 4), sample(1, 0, 0, 0)], terms("samples"), names);
  expect(groups[1]).toMatchObject({ dataset: "hand", samples: 1, byErrors: new Map([["velocity", null]]), loss: null });
  expect(aggregate.loss).toBe(0.5);
});

test("the aggregate weighs groups by their share of the mixture", () => {
  const { aggregate } = groupErrors([sample(0, 0, 2, 1), sample(1, 0, 6, 1)], terms("cells"), names);
  expect(aggregate.loss).toBe(0.75 * 2 + 0.25 * 6);
});

test("nothing to validate has no aggregate", () => {
  expect(groupErrors([], terms("cells"), names)).toEqual({
    samples: 0,
    groups: [],
    aggregate: { byErrors: new Map([["velocity", null]]), loss: null, interval: null },
  });
});

test("the interval of a group is that of its episodes, however many samples they have", () => {
  // Episodes of loss 1, 3 and 5, each with as many cells: mean 3, deviations −2/3, 0 and 2/3, t of 2 degrees 4.302653.
  const episodes = [1, 3, 5].flatMap((loss, episode) => [
    inEpisode(episode, 2 * loss, 2),
    inEpisode(episode, 6 * loss, 6),
  ]);
  const half = 4.302653 * Math.sqrt((3 / 2) * 2 * (2 / 3) ** 2);
  for (const reduction of ["cells", "samples"] as const) {
    const { groups, aggregate } = groupErrors(episodes, terms(reduction), names);
    expect(groups[0]).toMatchObject({ samples: 6, episodes: 3, loss: 3, interval: [0, expect.closeTo(3 + half, 9)] });
    expect(aggregate.interval).toEqual(groups[0]?.interval);
  }
});

test("an episode with more cells weighs more, and samples in another order have the interval that they had", () => {
  // Σ error / Σ cells = (9 + 2) / (3 + 1); deviations (9 − 3 · 11/4) / 4 = 3/16 and (2 − 11/4) / 4 = −3/16.
  const errors = [inEpisode(7, 9, 3), inEpisode(4, 2, 1)];
  const half = 12.706205 * Math.sqrt(2 * 2 * (3 / 16) ** 2);
  const { groups } = groupErrors(errors, terms("cells"), names);
  expect(groups[0]?.interval).toEqual([0, expect.closeTo(11 / 4 + half, 9)]);
  expect(groupErrors(errors.toReversed(), terms("cells"), names).groups[0]?.interval).toEqual(groups[0]?.interval);
});

test("an aggregate over a group of one episode has no interval; one without data takes no part", () => {
  const two = [inEpisode(0, 1, 1), inEpisode(1, 2, 1)];
  const one = groupErrors([...two, sample(1, 0, 1, 1)], terms("cells"), names);
  expect(one.groups.map(({ interval }) => interval === null)).toEqual([false, true]);
  expect(one.aggregate.interval).toBeNull();
  const none = groupErrors([...two, sample(1, 0, 0, 0)], terms("cells"), names);
  expect(none.aggregate.interval).toEqual(none.groups[0]?.interval);
});
