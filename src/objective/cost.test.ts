import { expect, it } from "vitest";
import { productOperations } from "../graph/cost.ts";
import { policyForm } from "../policy/policy.ts";
import { type Variant, variants } from "../policy/variant.ts";
import { Rules } from "../validity/rules.ts";
import { costOf } from "./cost.ts";
import { traceObjectives } from "./objective.ts";
import type { Setting } from "./traced.ts";

function settingOf(variant: Variant, rows: number): Setting {
  const sizes = { steps: 4, actionWidth: 6, stateWidth: 5, views: 2, observations: 1, tokens: 6 };
  const layout = { ...sizes, rows, responseTokens: 0, actionTokens: 8, pictureSize: 16 };
  const options = { vocabulary: 300, parts: [], embodiments: 1, horizon: layout.steps } as const;
  const rest = { crossAttentionKeys: "real", actionSight: "causal", pastEnd: "hidden" } as const;
  const form = policyForm(variant, "micro", { ...options, ...rest });
  return { form, layout, unrealInput: "zero", rules: Rules.all, hidden: "plain", pictures: "uint8" };
}

it("parts add up to the whole, each under the first word of its parameters", () => {
  const { parts, parameters } = costOf(settingOf(variants.pi0, 4));
  expect(parts.map(({ name }) => name).sort()).toEqual([
    "action",
    "backbone",
    "embedding",
    "expert",
    "state",
    "vision",
  ]);
  expect(parts.reduce((sum, part) => sum + part.parameters, 0)).toBe(parameters);
  const { width } = variants.pi0.sizes.micro.backbone;
  expect(parts).toContainEqual({ name: "embedding", parameters: 300 * width });
});

it("a product has two of its size on the way back, or one where what comes in learns nothing, and each row costs the same", () => {
  const setting = settingOf(variants.pi0, 4);
  const { gradientOperations } = costOf(setting);
  const forward = productOperations([traceObjectives(setting).loss]);
  expect(gradientOperations).toBeGreaterThan(2 * forward);
  expect(gradientOperations).toBeLessThan(3 * forward);
  expect(costOf(settingOf(variants.pi0, 8)).gradientOperations / gradientOperations).toBeCloseTo(2, 6);
});

it("an answer costs what the flow or the tokens take, and a policy that only says its prompt gives none", () => {
  const answers = (["pi0", "pi0_fast"] as const).map((name) => costOf(settingOf(variants[name], 4)).answerOperations!);
  for (const operations of answers) expect(operations).toBeGreaterThan(1e6);
  expect(answers[0]).not.toBe(answers[1]);
  const speaking = settingOf({ ...variants.pi0, objectives: [{ kind: "prompt" }] }, 4);
  expect(costOf(speaking).answerOperations).toBeNull();
});
