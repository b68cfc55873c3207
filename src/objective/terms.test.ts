import { expect, test } from "vitest";
import { policyForm } from "../policy/policy.ts";
import { variants } from "../policy/variant.ts";
import { Rules } from "../validity/rules.ts";
import { objectiveTargets, objectiveTerms } from "./terms.ts";

const [flow, prompt] = variants.pi0_prompt.objectives;
const arm = { name: "arm", slots: [0, 2] };
const claw = { name: "claw", slots: [5] };
const choice = { reduction: "samples", weight: 1, rules: Rules.all } as const;
const velocityTerm = { errors: "velocity", reduction: "samples", weight: 1 };

test("each part of the action has a denominator of its own, and one for all where the rule is broken", () => {
  const apart = [
    { ...velocityTerm, ...arm },
    { ...velocityTerm, ...claw },
  ];
  expect(objectiveTerms(flow!, { ...choice, parts: [arm, claw] })).toEqual(apart);
  const rules = Rules.without("part-denominators");
  expect(objectiveTerms(flow!, { ...choice, parts: [arm, claw], rules })).toEqual([
    { ...velocityTerm, name: "parts", slots: [0, 2, 5] },
  ]);
  // One part has the one denominator that there is, under its own name.
  expect(objectiveTerms(flow!, { ...choice, parts: [arm], rules })).toEqual([apart[0]]);
});

test("a prompt has one term, of the one weight that a row has", () => {
  expect(objectiveTerms(prompt!, { ...choice, parts: [arm, claw] })).toEqual([
    { name: "tokens", errors: "tokens", slots: [0], reduction: "samples", weight: 1 },
  ]);
});

test("draws follow the objectives of the policy, in their order", () => {
  const options = { vocabulary: 300, parts: [], embodiments: 1, horizon: 4 } as const;
  const rest = { crossAttentionKeys: "real", actionSight: "causal", pastEnd: "hidden" } as const;
  const form = policyForm(variants.pi0_prompt, "micro", { ...options, ...rest });
  const { width } = variants.pi0_prompt.sizes.micro.expert;
  expect(objectiveTargets(form, { unrealInput: "noise", given: 0 })).toEqual([
    {
      kind: "flow",
      unrealInput: "noise",
      timeDirection: "noise-at-one",
      embedding: { kind: "continuous", width },
      stateDropout: 0,
      maxDelay: 0,
    },
    { kind: "prompt" },
  ]);
});
