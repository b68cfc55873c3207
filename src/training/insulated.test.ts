import { expect, it } from "vitest";
import { raggedBatch } from "../batch/testing/example-batch.ts";
import { expectSameBits } from "../graph/testing/bits.ts";
import { gradientPrefix } from "../objective/objective.ts";
import type { Setting } from "../objective/traced.ts";
import { type FlowVariant, variants } from "../policy/variant.ts";
import { Rules } from "../validity/rules.ts";
import { MicroPolicy, microWeights, nothing, testForm } from "./testing/micro-policy.ts";

const sizes = { steps: 5, actionWidth: 6, stateWidth: 5, views: 2, observations: 1, tokens: 6, pictureSize: 16 };
const layout = { rows: 4, responseTokens: 0, actionTokens: 0, ...sizes };
const batch = raggedBatch(layout, 3);

function settingOf(variant: FlowVariant): Setting {
  const form = testForm(variant, "micro", layout, 0);
  return { form, layout, unrealInput: "zero", rules: Rules.all, hidden: "plain", pictures: "uint8" };
}

const open = settingOf(variants.pi0);
const weights = microWeights(open);

async function outcomeOf(setting: Setting) {
  const policy = await MicroPolicy.compile(setting);
  const outcome = await policy.outcome(batch, weights, nothing);
  policy.release();
  return outcome;
}

it("an insulated backbone is read as any other, and learns nothing from the expert, which learns as it did", async () => {
  const [apart, through] = [await outcomeOf(settingOf({ ...variants.pi0, insulated: true })), await outcomeOf(open)];
  const isOfBackbone = (name: string) => /^gradient\.(vision|embedding|backbone)\./.test(name);
  const others = (outcome: typeof apart) =>
    Object.fromEntries(Object.entries(outcome).filter(([name]) => !isOfBackbone(name)));
  expect(Object.keys(others(apart)).filter((name) => name.startsWith(gradientPrefix)).length).toBeGreaterThan(10);
  expectSameBits("everything but the backbone's gradients", others(apart), others(through));
  const own = Object.entries(apart).filter(([name]) => isOfBackbone(name));
  expect(own.length).toBeGreaterThan(10);
  for (const [name, cells] of own) expect([name, cells.every((cell) => cell === 0)]).toEqual([name, true]);
});
