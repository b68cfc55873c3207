import { expect, it } from "vitest";
import { type RunEvents, sortEvents } from "./run-events.ts";
import {
  type ComparedRun,
  groupLines,
  groupsOf,
  linesByGroup,
  paceLines,
  rolloutLines,
  stepLines,
  termLines,
  termsOfRuns,
} from "./training-lines.ts";

const validation = (step: number, loss: number | null, interval: [number, number] | null) => ({
  kind: "validation",
  step,
  samples: 4,
  groups: [
    { dataset: "arm", controlMode: "joint", samples: 2, velocity: loss, loss, interval },
    { dataset: "arm", controlMode: "ee", samples: 2, velocity: 1, loss: 1 },
  ],
  aggregate: { velocity: 0.25, tokens: step === 0 ? null : 3, loss, interval },
});

function run(name: string, events: RunEvents): ComparedRun {
  const times = { step: [0, 10], at: [0, 2000], waitedMs: [0, 500], isStart: [true, false] };
  return { name, colour: 2, batchSize: 8, log: { ...events, times, isFromStart: true, isTorn: false } };
}
const one = run(
  "one",
  sortEvents([
    validation(0, 4, null),
    { kind: "step", step: 1, loss: 6, gradientNorm: 1, learningRate: 0.1 },
    { kind: "step", step: 2, loss: 3, gradientNorm: 2, learningRate: 0.1 },
    validation(2, 2, [1, 3]),
    {
      kind: "rollout",
      step: 2,
      robot: "arm",
      dataset: "arm",
      episodes: 4,
      successRate: 0.5,
      interval: [0.2, 0.8],
      meanSteps: 3,
    },
  ]),
);

it("smooths a line and keeps what it was behind it", () => {
  // (6 + 2 · 3) / 3 = 4 at a weight of a half.
  expect(stepLines([one], "loss", 0.5)).toMatchObject([{ name: "one", colour: 2, xs: [1, 2], raw: [6, 3] }]);
  expect(stepLines([one], "loss", 0.5)[0]?.ys[1]).toBeCloseTo(4, 12);
  expect(stepLines([one], "gradientNorm", 0)).toMatchObject([{ ys: [1, 2], raw: null }]);
});

it("draws each dataset and control mode, with a band where there is an interval", () => {
  expect(groupsOf([one])).toEqual(["arm / joint", "arm / ee"]);
  expect(linesByGroup(one)).toMatchObject([
    { name: "arm / joint", colour: 0, xs: [0, 2], ys: [4, 2], band: { low: [null, 1], high: [null, 3] } },
    { name: "arm / ee", colour: 1, xs: [0, 2], ys: [1, 1], band: null },
  ]);
  expect(groupLines([one, run("empty", sortEvents([]))], "arm / ee").map(({ name }) => name)).toEqual(["one"]);
});

it("knows the terms of the loss that a run has", () => {
  expect(termsOfRuns([one])).toEqual(["velocity", "tokens"]);
  expect(termLines([one], "tokens")).toMatchObject([{ xs: [0, 2], ys: [null, 3] }]);
  expect(termLines([one], "response")).toEqual([]);
});

it("gives samples per second and the share of waiting from the clock, and rollouts with their intervals", () => {
  // 10 steps of 8 samples in 2 s, half a second of which was waiting.
  const { speed, wait } = paceLines([one]);
  expect([speed[0]?.ys, wait[0]?.ys]).toEqual([[40], [0.25]]);
  expect(rolloutLines([one])).toMatchObject([{ name: "arm", ys: [0.5], band: { low: [0.2], high: [0.8] } }]);
  expect(rolloutLines([one, one]).map(({ name }) => name)).toEqual(["one: arm", "one: arm"]);
});
