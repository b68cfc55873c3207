import { expect, it } from "vitest";
import { sortEvents } from "./run-events.ts";

const group = { dataset: "arm", controlMode: "joint", samples: 4, velocity: 0.5, tokens: null, loss: 0.5 };

it("reads a validation of an older version, which knows fewer terms and no intervals", () => {
  const aggregate = { velocity: 0.5, tokens: null, loss: 0.5 };
  const { validations, problems } = sortEvents([
    { kind: "validation", step: 0, samples: 4, groups: [group], aggregate },
  ]);
  expect(problems).toEqual([]);
  expect(validations).toEqual([
    {
      step: 0,
      samples: 4,
      weights: "",
      aggregate: { ...aggregate, response: null, interval: null },
      groups: [{ ...group, episodes: 0, response: null, interval: null }],
    },
  ]);
});

it("sorts events by kind", () => {
  const rollout = {
    step: 2,
    robot: "arm",
    dataset: "arm",
    episodes: 5,
    successRate: 0.4,
    interval: [0.1, 0.7],
    meanSteps: 9,
  };
  const { audits, rollouts, problems } = sortEvents([
    { kind: "audit", step: 1, clean: false, leaks: ["action-dims: loss"] },
    { kind: "rollout", successes: 2, ...rollout },
  ]);
  expect({ audits, rollouts, problems }).toEqual({
    // Of an older version, which logs no table.
    audits: [{ step: 1, clean: false, leaks: ["action-dims: loss"], rows: null, laws: null }],
    rollouts: [rollout],
    problems: [],
  });
});

it("reads an audit by kind of padding, with the place of a leak", () => {
  const leak = { leak: 0.5, where: "batch/collate.ts: images", isServed: false };
  const [clean, views] = [
    { padding: "action-dims", cells: 7, loss: "clean", gradients: "clean", actions: "clean", metrics: "clean" },
    { padding: "views", cells: 2, loss: leak, gradients: "clean", actions: "clean", metrics: "clean" },
  ];
  const table = {
    rows: [
      { ...clean, hint: "known" },
      { ...views, hint: "known" },
    ],
    laws: { poison: leak },
  };
  const leaks = ["views reach loss at batch/collate.ts: images"];
  const found = sortEvents([{ kind: "audit", step: 3, clean: false, leaks, ...table }]);
  expect(found.audits).toEqual([{ step: 3, clean: false, leaks, ...table }]);
  expect(found.problems).toEqual([]);
});

it("leaves out what another version wrote, counts it by kind, and says what the first lacks", () => {
  const { steps, problems } = sortEvents([
    { kind: "step", step: 1, loss: 2 },
    { kind: "dance", step: 2 },
    { kind: "step", step: 3, loss: 2, gradientNorm: 1, learningRate: 0.1 },
    { kind: "dance", step: 4 },
  ]);
  expect(steps).toEqual({ step: [3], loss: [2], gradientNorm: [1], learningRate: [0.1] });
  expect(problems).toEqual([
    '1 event of kind "step" left out; step 1: gradientNorm: expected a number, got nothing; learningRate: expected a number, got nothing',
    '2 events of kind "dance" left out; step 2: expected an event that this version knows; a newer one may have written it',
  ]);
});
