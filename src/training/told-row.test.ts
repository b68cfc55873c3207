import { expect, it } from "vitest";
import type { BatchLayout } from "../batch/layout.ts";
import { poisoned, unrealCells } from "../batch/poison.ts";
import { raggedBatch } from "../batch/testing/example-batch.ts";
import { expectSameBits } from "../graph/testing/bits.ts";
import type { Setting } from "../objective/traced.ts";
import { variants } from "../policy/variant.ts";
import { type Rule, Rules } from "../validity/rules.ts";
import { MicroPolicy, microWeights, nothing, testForm } from "./testing/micro-policy.ts";

const layout: BatchLayout = {
  rows: 4,
  steps: 3,
  actionWidth: 3,
  stateWidth: 2,
  views: 2,
  observations: 2,
  tokens: 3,
  responseTokens: 4,
  metadataTokens: 4,
  subgoals: 2,
  actionTokens: 0,
  pictureSize: 16,
};
/** Samples of which some are told all, some half, some nothing. */
const ragged = raggedBatch(layout, 3);

function settingOf(name: "pi07_low_level" | "pi07_paligemma_low_level", rules: Rules): Setting {
  const form = testForm(variants[name], "micro", layout, 0);
  return { form, layout, unrealInput: "zero", rules, hidden: "plain", pictures: "uint8" };
}

/** What some batches come to, each with noise of a size in the hidden states of what does not exist. */
async function outcomesOf(setting: Setting, all: readonly (readonly [batch: typeof ragged, hidden: number])[]) {
  const [policy, weights] = [await MicroPolicy.compile(setting), microWeights(setting)];
  const found: Awaited<ReturnType<typeof policy.outcome>>[] = [];
  for (const [batch, hidden] of all) found.push(await policy.outcome(batch, weights, { ...nothing, hidden }));
  policy.release();
  return found;
}

it.each(["pi07_low_level", "pi07_paligemma_low_level"] as const)(
  "%s reads nothing of what a sample is not told: no loss, gradient or action changes, to the bit, at either depth",
  async (name) => {
    const sick = poisoned(ragged, unrealCells(ragged), {
      number: () => Number.NaN,
      pixel: () => 255,
      token: () => 2 ** 31 - 1,
    });
    const all = [
      [ragged, 0],
      [sick, 0],
      [ragged, 3],
    ] as const;
    const [expected, ...others] = await outcomesOf(settingOf(name, Rules.all), all);
    for (const found of others) expectSameBits("outcome", found, expected!);
  },
);

it.each(["text-keys", "response-keys", "metadata-keys", "subgoal-keys"] as const satisfies readonly Rule[])(
  "what a sample is not told is read where %s is switched off",
  async (rule) => {
    const setting = settingOf("pi07_paligemma_low_level", Rules.without(rule));
    const [one, another] = await outcomesOf(setting, [
      [ragged, 0],
      [ragged, 3],
    ]);
    expect(another!.loss).not.toEqual(one!.loss);
  },
);
