import { afterAll, describe, expect, it } from "vitest";
import { type Batch, encodeBatch } from "../batch/batch.ts";
import { collate } from "../batch/collate.ts";
import { eachField } from "../batch/each.ts";
import type { BatchLayout } from "../batch/layout.ts";
import { poisoned, unrealCells } from "../batch/poison.ts";
import { raggedBatch } from "../batch/testing/example-batch.ts";
import { withFact } from "../batch/testing/with-fact.ts";
import { embedTimes } from "../flow/time.ts";
import { HostArray, zeros } from "../graph/host-array.ts";
import { expectSameBits } from "../graph/testing/bits.ts";
import { expectClose, expectFinite } from "../graph/testing/close.ts";
import { floats, named } from "../graph/testing/evaluate.ts";
import type { ParameterValues } from "../nn/parameter.ts";
import type { Setting } from "../objective/traced.ts";
import { flowHeadNames } from "../policy/head/form.ts";
import { timeEmbeddingOf } from "../policy/policy.ts";
import { flowChoiceOf } from "../policy/variant.ts";
import { Padded } from "../validity/padded.ts";
import { type Rule, Rules, ruleNames } from "../validity/rules.ts";
import {
  type MicroChoice,
  MicroPolicy,
  microSetting,
  microWeights,
  nothing,
  type PolicyOutcome,
  type Tampering,
} from "./testing/micro-policy.ts";
import { microSamples, type SampleChoice } from "./testing/micro-samples.ts";
import { picked, shortened, sliced } from "./testing/sliced-weights.ts";

const layout: BatchLayout = {
  rows: 4,
  steps: 5,
  actionWidth: 6,
  stateWidth: 5,
  views: 2,
  observations: 3,
  tokens: 6,
  responseTokens: 0,
  actionTokens: 0,
  pictureSize: 16,
};
const whole: SampleChoice = {
  slots: 3,
  steps: 5,
  realSteps: 5,
  dofSlots: [0, 1, 2, 3, 4, 5],
  stateSlots: [0, 1, 2, 3, 4],
};
/** Every kind of padding. */
const ragged = raggedBatch(layout, 3);
const complete = collate(layout, microSamples(whole));

const rounding = { absolute: 4e-6, relative: 4e-6, because: "float32, sums of other lengths in another order" };

/** Compiled once for each form. */
const policies = new Map<string, Promise<MicroPolicy>>();
afterAll(async () => {
  for (const policy of await Promise.all(policies.values())) policy.release();
});

async function outcomeOf(setting: Setting, batch: Batch, weights: ParameterValues, tampering: Tampering) {
  const { rules, ...rest } = setting;
  const key = JSON.stringify([rest, ruleNames.filter((rule) => rules.keeps(rule))]);
  const policy = policies.get(key) ?? MicroPolicy.compile(setting);
  policies.set(key, policy);
  return await (await policy).outcome(batch, weights, tampering);
}

describe.each(flowHeadNames)("with the head %s", (head) => {
  const choice: MicroChoice = { head, layout, rules: Rules.all, claw: 0 };
  const weights = microWeights(microSetting(choice));
  const outcome = (batch: Batch, tampering = nothing) => outcomeOf(microSetting(choice), batch, weights, tampering);

  it("nothing that does not exist changes the loss, a gradient or an action, to the bit, at either depth", async () => {
    const expected = await outcome(ragged);
    expectSame(await outcome(sick(ragged)), expected);
    expectSame(await outcome(ragged, { ...nothing, hidden: 3 }), expected);
  });

  const keyRules: Rule[] = ["view-keys", "prompt-keys", "history-keys", "history-state"];
  if (head === "groot") keyRules.push("cross-attention-keys");
  it.each(keyRules)("hidden states of what does not exist are read where %s is switched off", async (rule) => {
    const broken = microSetting({ ...choice, rules: Rules.without(rule) });
    const [one, other] = [
      await outcomeOf(broken, ragged, weights, nothing),
      await outcomeOf(broken, ragged, weights, { ...nothing, hidden: 3 }),
    ];
    expect(differs(one.loss!, other.loss!)).toBe(true);
  });

  it("hidden states of steps past the end are read where steps read both ways and step-keys is switched off", async () => {
    const losses = async (rules: Rules) => {
      const { form, ...rest } = microSetting({ ...choice, rules });
      const both = { ...rest, form: { ...form, head: { ...form.head, actionSight: "both" } } } as const;
      const one = await outcomeOf(both, ragged, weights, nothing);
      return [one.loss!, (await outcomeOf(both, ragged, weights, { ...nothing, hidden: 3 })).loss!] as const;
    };
    expect(differs(...(await losses(Rules.all)))).toBe(false);
    expect(differs(...(await losses(Rules.without("step-keys"))))).toBe(true);
  });

  it.each([
    ["hidden", false],
    ["seen", false],
    ["inside", false],
    ["repeated", true],
    ["taught", true],
  ] as const)("what stands in steps past the end, which are %s, is read: %s", async (pastEnd, isRead) => {
    const { form, ...rest } = microSetting(choice);
    const both = { ...rest, form: { ...form, head: { ...form.head, actionSight: "both", pastEnd } } } as const;
    const cells = unrealCells(ragged);
    const other = poisoned(ragged, cells, { number: (cell) => Math.sin(cell), pixel: () => 0, token: () => 0 });
    const one = await outcomeOf(both, ragged, weights, nothing);
    const another = await outcomeOf(both, other, weights, nothing);
    expect(differs(one.loss!, another.loss!)).toBe(isRead);
  });

  it("history is read where it lies in the episode and was not dropped, and nowhere else", async () => {
    const seen = await outcome(complete);
    const other = withState(complete, 0, 0.3);
    expect(differs((await outcome(other)).loss!, seen.loss!)).toBe(true);
    const changes = [
      ["historyReal", (at: number) => (at % 3 === 0 ? 0 : 1)],
      ["historyKept", () => 0],
    ] as const;
    for (const [fact, bit] of changes) {
      const [one, another] = [withFact(complete, fact, bit), withFact(other, fact, bit)];
      expectSame(await outcome(another), await outcome(one));
    }
  });

  it("the state now is read, also where all history was dropped and no slot is said to be real", async () => {
    for (const fact of ["historyReal", "historyKept"] as const) {
      const none = withFact(complete, fact, () => 0);
      const [one, other] = [await outcome(none), await outcome(withState(none, 2, 0.3))];
      expect(differs(one.loss!, other.loss!)).toBe(true);
      expect(differs(one.actions!, other.actions!)).toBe(true);
    }
  });

  it("three slots of which only now is real are one slot", async () => {
    const single = { ...layout, observations: 1 };
    const samples = microSamples({ ...whole, slots: 1 });
    const alone = await outcomeOf(
      microSetting({ ...choice, layout: single }),
      collate(single, samples),
      weights,
      nothing,
    );
    const found = await outcome(collate(layout, samples));
    for (const name of Object.keys(alone)) expectClose(name, found[name]!, alone[name]!, rounding);
  });

  it.each([
    { order: "in order", dofSlots: [1, 2, 4], claw: 2 },
    { order: "in another order", dofSlots: [4, 1, 2], claw: 0 },
  ])("a robot in scattered slots, $order, is one in a policy of its own width, projections sliced", async (robot) => {
    const { dofSlots, claw } = robot;
    const stateSlots = [0, 3];
    const scattered = { ...whole, dofSlots, stateSlots };
    const wideSetting = microSetting({ ...choice, claw: 4 });
    const wideWeights = microWeights(wideSetting);
    const wide = await outcomeOf(wideSetting, collate(layout, microSamples(scattered)), wideWeights, nothing);
    const narrowLayout = { ...layout, actionWidth: 3, stateWidth: 2 };
    const dense = { ...whole, dofSlots: [0, 1, 2], stateSlots: [0, 1] };
    const narrow = await outcomeOf(
      microSetting({ ...choice, layout: narrowLayout, claw }),
      collate(narrowLayout, microSamples(dense)),
      sliced(wideWeights, dofSlots, stateSlots),
      nothing,
    );
    for (const name of ["errors", "actions"]) {
      const truncated = picked(wide[name]!, [4, 5, 6], 2, dofSlots);
      // Products add up by slots: in another order of slots that is another order of sums.
      if (claw === 2) expectSameBits(name, truncated, narrow[name]!);
      else expectClose(name, truncated, narrow[name]!, rounding);
    }
    expectClose("loss", wide.loss!, narrow.loss!, rounding);
  });

  it("a window of which the first steps are real is a shorter window", async () => {
    const long = await outcome(collate(layout, microSamples({ ...whole, realSteps: 3 })));
    const shortLayout = { ...layout, steps: 3 };
    const short = await outcomeOf(
      microSetting({ ...choice, layout: shortLayout }),
      collate(shortLayout, microSamples({ ...whole, steps: 3, realSteps: 3 })),
      shortened(weights, 3),
      nothing,
    );
    for (const name of ["errors", "actions"])
      expectClose(name, picked(long[name]!, [4, 5, 6], 1, [0, 1, 2]), short[name]!, rounding);
    expectClose("loss", long.loss!, short.loss!, rounding);
  });

  it("training and inference see the same before the actions, and the first Euler step is the velocity of training", async () => {
    const setting = microSetting(choice);
    const { variant } = setting.form;
    const flow = { ...flowChoiceOf(variant), integrationSteps: 1 };
    const oneStep = { ...variant, objectives: [flow] };
    const single = { ...setting, form: { ...setting.form, variant: oneStep } };
    const start = flow.timeDirection === "noise-at-one" ? 1 : 0;
    const time = floats("float32", "b t", [4, 5], Array(20).fill(start));
    const noise = floats(
      "float32",
      "b t d",
      [4, 5, 6],
      Float32Array.from({ length: 120 }, (_, at) => Math.sin(3 * at)),
    );
    const feeds = named({
      time,
      noise,
      actions: zeros("b t d", [4, 5, 6], "float32"),
      timeEmbedding: embedTimes(time, timeEmbeddingOf(setting.form)),
    });
    const found = await outcomeOf(single, ragged, weights, { feeds, hidden: 0 });
    // With actions of 0 the target is the noise, and what is left of it after one step is the error.
    const taught = found.errors!.map((error) => (error === 0 ? 0 : 1));
    expect(taught.filter((bit) => bit === 1).length).toBeGreaterThan(10);
    const left = found.actions!.map((action, at) => (taught[at] === 1 ? action ** 2 : 0));
    expectClose("errors", found.errors!, left, rounding);
  });

  it("no caller's mask is changed", async () => {
    const before = structuredClone(encodeBatch(ragged));
    await outcome(ragged);
    expectSameBits("batch", encodeBatch(ragged), before);
  });
});

describe("the mask of the loss and that of the vision-language tokens are two", () => {
  const choice: MicroChoice = { head: "groot", layout, rules: Rules.all, claw: 0 };
  const weights = microWeights(microSetting(choice));
  const outcome = (batch: Batch, rules: Rules, hidden: number) =>
    outcomeOf(microSetting({ ...choice, rules }), batch, weights, { ...nothing, hidden });
  const facts = ragged.facts;
  const unsupervised = Array.from({ length: 4 * 5 * 6 }, (_, at) => at).filter((at) => {
    const [row, step] = [Math.floor(at / 30), Math.floor(at / 6)];
    const isCell = facts.stepReal.isReal(step) && facts.dofReal.isReal(row * 6 + (at % 6));
    return !(isCell && facts.targetReal.isReal(row));
  });

  it("without that of the tokens, cells that do not exist still do not teach", async () => {
    const rules = Rules.without("cross-attention-keys");
    const found = await outcome(sick(ragged), rules, 0);
    expect(unsupervised.filter((at) => found.errors![at] !== 0)).toEqual([]);
    expect(differs((await outcome(ragged, rules, 3)).loss!, found.loss!)).toBe(true);
  });

  it.each(["loss-steps", "loss-dims"] as const)(
    "without that of the loss (%s), tokens that do not exist still are not read",
    async (rule) => {
      const found = await outcome(ragged, Rules.without(rule), 0);
      expect(unsupervised.some((at) => found.errors![at] !== 0)).toBe(true);
      const views = withPixels(ragged, 200);
      expectSame(await outcome(views, Rules.without(rule), 0), found);
      expectSameBits("actions", (await outcome(ragged, Rules.without(rule), 3)).actions!, found.actions!);
    },
  );
});

function expectSame(found: PolicyOutcome, expected: PolicyOutcome): void {
  for (const [name, cells] of Object.entries(expected)) expectFinite(name, cells);
  expectSameBits("outcome", found, expected);
}

function differs(one: ArrayLike<number>, other: ArrayLike<number>): boolean {
  return Array.from(one).some((cell, at) => !(Math.abs(cell - other[at]!) <= 1e-5));
}

/** NaN, other pixels and impossible tokens wherever nothing is real. */
function sick(batch: Batch): Batch {
  return poisoned(batch, unrealCells(batch), {
    number: () => Number.NaN,
    pixel: (cell) => cell % 251,
    token: () => 2 ** 31 - 1,
  });
}

/** Other pixels, and nothing else, wherever there is no picture. */
function withPixels(batch: Batch, value: number): Batch {
  const unreal = unrealCells(batch);
  const none = eachField<"bytes">((name) => unreal[name].map(() => 0));
  const poison = { number: () => 0, pixel: () => value, token: () => 0 };
  return poisoned(batch, { ...none, images: unreal.images }, poison);
}

/** Another state in one slot of every row. */
function withState(batch: Batch, slot: number, value: number): Batch {
  const state = batch.state.read((values, valid) => {
    const cells = values.cells.map((cell, at) => (Math.floor(at / 5) % 3 === slot ? value : cell));
    return Padded.of(new HostArray("b o s", values.shape, "float32", cells), valid);
  });
  return { ...batch, state };
}
