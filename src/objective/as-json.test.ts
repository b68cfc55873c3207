import { expect, test } from "vitest";
import type { Validation } from "../metric/group.ts";
import { lossesAsJson, validationAsJson } from "./as-json.ts";

test("a policy has a key for each kind of errors, null where it has none or no data", () => {
  const byErrors = new Map([["velocity", 0.5]]);
  expect(lossesAsJson({ byErrors, loss: 0.5, interval: [0.25, 0.75] })).toEqual({
    velocity: 0.5,
    tokens: null,
    response: null,
    loss: 0.5,
    interval: [0.25, 0.75],
  });
  const none = new Map([
    ["velocity", null],
    ["tokens", 2],
  ]);
  expect(lossesAsJson({ byErrors: none, loss: 2, interval: null })).toEqual({
    velocity: null,
    tokens: 2,
    response: null,
    loss: 2,
    interval: null,
  });
});

test("a validation has its groups and their aggregate, and whatever else it says", () => {
  const losses = { byErrors: new Map([["velocity", 3]]), loss: 3, interval: null };
  const group = { dataset: "arm", controlMode: "joint", samples: 4, episodes: 2, ...losses };
  const validation: Validation & { readonly weights: string } = {
    samples: 4,
    groups: [group],
    aggregate: { byErrors: new Map([["velocity", 1]]), loss: 1, interval: [0, 2] },
    weights: "ema",
  };
  const json = { velocity: 3, tokens: null, response: null, loss: 3, interval: null };
  expect(validationAsJson(validation)).toEqual({
    samples: 4,
    weights: "ema",
    groups: [{ dataset: "arm", controlMode: "joint", samples: 4, episodes: 2, ...json }],
    aggregate: { velocity: 1, tokens: null, response: null, loss: 1, interval: [0, 2] },
  });
});
