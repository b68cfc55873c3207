import { expect, test } from "vitest";
import type { Reduction, Term } from "../loss/reduction.ts";
import { Mean } from "../validity/mean.ts";
import { type GroupNames, groupErrors, refuseNotFinite, type SampleError } from "./group.ts";

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

test("groups stand in the order of datasets, then of control modes, however samples come", () => {
  const errors = [sample(1, 1, 1, 1), sample(1, 0, 1, 1), sample(0, 1, 1, 1), sample(0, 0, 1, 1)];
  const { groups } = groupErrors(errors, terms("cells"), names);
  expect(groups.map(({ dataset, controlMode }) => [dataset, controlMode])).toEqual([
    ["arm", "joint"],
    ["arm", "ee"],
    ["hand", "joint"],
    ["hand", "ee"],
  ]);
});

test("an episode without data says nothing of how episodes scatter; one with some of the terms does", () => {
  const two = [inEpisode(0, 1, 1), inEpisode(1, 3, 1)];
  const withEmpty = groupErrors([...two, inEpisode(2, 0, 0)], terms("cells"), names).groups[0]!;
  expect(withEmpty).toMatchObject({ samples: 3, episodes: 3, loss: 2 });
  // Two episodes of losses 1 and 3: deviations ∓ 1/2, t of one degree 12.706205; the lower bound would be negative.
  expect(withEmpty.interval).toEqual([0, expect.closeTo(2 + 12.706205 * Math.sqrt(2 * 2 * (1 / 2) ** 2), 9)]);
  const parts: Term[] = [
    { name: "arm", errors: "velocity", slots: [0], reduction: "cells", weight: 1 },
    { name: "claw", errors: "velocity", slots: [1], reduction: "cells", weight: 2 },
  ];
  const of = (episode: number, arm: number | null, claw: number): SampleError => {
    const own = arm === null ? Mean.empty : new Mean(arm, 1);
    return { ...inEpisode(episode, 0, 0), terms: [own, new Mean(claw, 1)] };
  };
  // Means are 3 and 2. Deviations are (2 − 3) / 2 + 2 · (1 − 2) / 3, (4 − 3) / 2 + 2 · 0 and 2 · (3 − 2) / 3, of t of two degrees.
  const deviations = [-1 / 2 - 2 / 3, 1 / 2, 2 / 3];
  const half = 4.302653 * Math.sqrt((3 / 2) * deviations.reduce((sum, each) => sum + each ** 2, 0));
  const { groups } = groupErrors([of(0, 2, 1), of(1, 4, 2), of(2, null, 3)], parts, names);
  expect(groups[0]).toMatchObject({
    loss: 3 + 2 * 2,
    interval: [expect.closeTo(Math.max(0, 7 - half), 9), expect.closeTo(7 + half, 9)],
  });
});

test("losses that are no number are refused, each with its group; finite ones and none pass", () => {
  const of = (...sums: number[]) =>
    groupErrors(
      sums.map((sum, at) => sample(at, at, sum, 1)),
      terms("cells"),
      names,
    );
  expect(() => refuseNotFinite("train", of(1, 2))).not.toThrow();
  expect(() => refuseNotFinite("train", groupErrors([sample(0, 0, 0, 0)], terms("cells"), names))).not.toThrow();
  expect(() => refuseNotFinite("train", of(1, Number.NaN))).toThrow(
    "train: expected finite losses, got NaN for hand / ee; lower optimizer.peak or optimizer.clip",
  );
  expect(() => refuseNotFinite("train", of(Number.POSITIVE_INFINITY, Number.NaN))).toThrow(
    "got Infinity for arm / joint, NaN for hand / ee;",
  );
});
