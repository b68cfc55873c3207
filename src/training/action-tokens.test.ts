import { afterAll, describe, expect, it } from "vitest";
import type { BatchLayout } from "../batch/layout.ts";
import { raggedBatch } from "../batch/testing/example-batch.ts";
import { productOperations } from "../graph/cost.ts";
import { HostArray } from "../graph/host-array.ts";
import { expectSameBits } from "../graph/testing/bits.ts";
import { actionTokenFeeds, actionTokenInputs } from "../objective/action-tokens.ts";
import { gradientOutputs, traceObjectives } from "../objective/objective.ts";
import type { Setting } from "../objective/traced.ts";
import { policyForm } from "../policy/policy.ts";
import { type FlowVariant, variants } from "../policy/variant.ts";
import { Rules } from "../validity/rules.ts";
import { MicroPolicy, microWeights, nothing, type PolicyOutcome } from "./testing/micro-policy.ts";

const layout: BatchLayout = {
  rows: 4,
  steps: 4,
  actionWidth: 6,
  stateWidth: 5,
  views: 1,
  observations: 1,
  tokens: 4,
  actionTokens: 6,
  pictureSize: 16,
};
/** Of the numbers of the batch's tokens, those from here on say actions. */
const vocabulary = 130;

function settingOf(variant: FlowVariant): Setting {
  const form = policyForm(variant, "micro", {
    vocabulary,
    actionVocabulary: 140,
    parts: [],
    embodiments: 1,
    crossAttentionKeys: "real",
    horizon: layout.steps,
    actionSight: "causal",
    pastEnd: "hidden",
  });
  return { form, layout, unrealInput: "zero", rules: Rules.all, hidden: "plain", pictures: "uint8" };
}

const insulated = settingOf(variants.pi05_fast);
const weights = microWeights(insulated);
const ragged = raggedBatch(layout, 3);
/** Tokens of its prompts are words. Rows: three tokens of actions; no robot target; six; a filler. */
const batch = {
  ...ragged,
  prompt: ragged.prompt.changed((values, valid) => [
    new HostArray(
      "b n",
      values.shape,
      "int32",
      values.cells.map((token) => token % vocabulary),
    ),
    valid,
  ]),
};

const policies = new Map<Setting, Promise<MicroPolicy>>();
afterAll(async () => {
  for (const policy of await Promise.all(policies.values())) policy.release();
});

async function outcomeOf(setting: Setting, feeds: ReadonlyMap<string, HostArray<string, "int32" | "bool">>) {
  const policy = policies.get(setting) ?? MicroPolicy.compile(setting);
  policies.set(setting, policy);
  return await (await policy).outcome(batch, weights, { ...nothing, feeds });
}

const part = (outcome: PolicyOutcome, isMeant: (name: string) => boolean) =>
  Object.fromEntries(Object.entries(outcome).filter(([name]) => isMeant(name)));
const isOfFlow = (name: string) => /^(errors|actions|gradient\.(expert|action)\..*)$/.test(name);
const isOfBackbone = (name: string) => /^gradient\.(vision|embedding|backbone)\./.test(name);

describe("tokens of actions beside a flow", () => {
  it("teach an action behind any token that exists, words nowhere, and nothing in a sample without a robot target", () => {
    const words = batch.actionTokens.read(({ cells }) => cells.map((token) => Number(token >= vocabulary)));
    const real = batch.actionTokens.valid;
    const { feeds, counts } = actionTokenFeeds(batch, vocabulary);
    const taught = [...feeds.get("teaches.tokens")!.cells].map(Number);
    const expected = words.map((_, at) =>
      Number(at % 6 < 5 && real.isReal(at) && real.isReal(at + 1) && words[at + 1] === 1),
    );
    expect(taught).toEqual([...expected]);
    expect(counts.bySlot.cells[1]).toBe(0);
    expect(Math.max(...counts.bySlot.cells)).toBeGreaterThan(1);
    const none = Array(6).fill(0);
    for (const name of Object.values(actionTokenInputs))
      expect([name, [...feeds.get(name)!.cells.subarray(6, 12)].map(Number)]).toEqual([name, none]);
  });

  it("are read by nothing of the flow: other tokens leave its errors, its actions and its gradients as they are", async () => {
    const { feeds } = actionTokenFeeds(batch, vocabulary);
    const own = Array.from(feeds.get(actionTokenInputs.actions)!.cells, Number);
    const changed = Int32Array.from(own, (token) => (token + 1) % 140);
    const other = new Map([[actionTokenInputs.actions, new HostArray("b n", [4, 6], "int32", changed)] as const]);
    const [one, two] = [await outcomeOf(insulated, new Map()), await outcomeOf(insulated, other)];
    expect(Object.keys(part(one, isOfFlow)).length).toBeGreaterThan(10);
    expectSameBits("of the flow", part(two, isOfFlow), part(one, isOfFlow));
    expect([...two.tokens!]).not.toEqual([...one.tokens!]);
  });

  it("teach a backbone that is insulated, which learns the same of them whatever the flow is to learn", async () => {
    const apart = await outcomeOf(insulated, new Map());
    const noise = new HostArray(
      "b t d",
      [4, 4, 6],
      "float32",
      Float32Array.from({ length: 96 }, (_, at) => Math.sin(at)),
    );
    const policy = await policies.get(insulated)!;
    const other = await policy.outcome(batch, weights, { ...nothing, feeds: new Map([["noise", noise]]) });
    expectSameBits("of the backbone", part(other, isOfBackbone), part(apart, isOfBackbone));
    expect([...other.errors!]).not.toEqual([...apart.errors!]);
    const learnt = Object.values(part(apart, isOfBackbone)).filter((cells) => cells.some((cell) => cell !== 0));
    expect(learnt.length).toBeGreaterThan(10);
  });

  it("cost nothing where the objective is not there", () => {
    const { objectives } = variants.pi05_fast;
    const alone = settingOf({ ...variants.pi05_fast, objectives: objectives.filter(({ kind }) => kind === "flow") });
    const operations = (setting: Setting) => {
      const traced = traceObjectives(setting);
      return productOperations([traced.loss, ...Object.values(gradientOutputs(traced, traced.parameters, "nothing"))]);
    };
    const flow = operations(settingOf({ ...variants.pi05, insulated: true }));
    expect([operations(alone), operations(insulated) > flow]).toEqual([flow, true]);
  });
});
