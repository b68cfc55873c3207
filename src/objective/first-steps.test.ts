import { expect, it } from "vitest";
import { policyForm } from "../policy/policy.ts";
import { variants } from "../policy/variant.ts";
import { Rules } from "../validity/rules.ts";
import { forFirstSteps } from "./first-steps.ts";
import type { ActionSamplerOptions } from "./sample.ts";

function optionsOf(change: Partial<ActionSamplerOptions>, rules = Rules.all): ActionSamplerOptions {
  const options = { vocabulary: 300, parts: [], embodiments: 1, horizon: 10 } as const;
  const rest = { crossAttentionKeys: "real", actionSight: "causal", pastEnd: "hidden" } as const;
  const layout = {
    rows: 1,
    steps: 10,
    actionWidth: 6,
    stateWidth: 5,
    views: 1,
    observations: 1,
    tokens: 6,
    responseTokens: 0,
    actionTokens: 0,
    pictureSize: 16,
  };
  const form = policyForm(variants.pi0, "micro", { ...options, ...rest });
  const setting = { form, layout, unrealInput: "zero", rules, hidden: "plain", pictures: "uint8" } as const;
  return {
    setting,
    weights: new Map(),
    placement: "written",
    answers: null,
    machine: { device: "cpu", threads: 2 },
    ...change,
  };
}

it.each([
  [1, 4],
  [4, 4],
  [5, 8],
  [8, 8],
  [9, 10],
  [10, 10],
])("of %i steps that are carried out, %i are computed, and nothing else changes", (needed, computed) => {
  const whole = optionsOf({});
  const { setting } = whole;
  const layout = { ...setting.layout, steps: computed };
  expect(forFirstSteps(whole, needed)).toEqual({ ...whole, setting: { ...setting, layout } });
});

it("fewer are computed with weights that one thread is fed, and all where kernels are not known", () => {
  const stepsOf = (change: Partial<ActionSamplerOptions>) => forFirstSteps(optionsOf(change), 3).setting.layout.steps;
  const [one, two] = [1, 2].map((threads) => ({ device: "cpu", threads }) as const);
  expect(stepsOf({ placement: "fed", answers: null, machine: one! })).toBe(4);
  expect(stepsOf({ placement: "fed", answers: null, machine: two! })).toBe(10);
  expect(stepsOf({ machine: { device: "cuda", threads: 1 } })).toBe(10);
  expect(forFirstSteps(optionsOf({}, Rules.without("step-order")), 3).setting.layout.steps).toBe(10);
});

it.each([0, 11, 2.5, Number.NaN])("%d steps of ten are refused", (needed) => {
  expect(() => forFirstSteps(optionsOf({}), needed)).toThrow(`forFirstSteps: expected 1 to 10 steps, got ${needed}`);
});
