import { describe, expect, it } from "vitest";
import { sampleCount } from "../batch/batch.ts";
import { poisoned, unrealCells } from "../batch/poison.ts";
import { raggedBatch } from "../batch/testing/example-batch.ts";
import { microLayout } from "../batch/testing/micro-layout.ts";
import { AnswerCodec } from "../codec/answer.ts";
import { unfittedFast } from "../codec/fast.ts";
import { byteTokenizer } from "../codec/prompt.ts";
import { zeros } from "../graph/host-array.ts";
import { expectOtherBits, expectSameBits } from "../graph/testing/bits.ts";
import { expectClose } from "../graph/testing/close.ts";
import { evaluate } from "../graph/testing/evaluate.ts";
import { InputError } from "../input-error.ts";
import { initialValues } from "../nn/parameter.ts";
import { randomWeights } from "../nn/testing/random-weights.ts";
import { policyForm } from "../policy/policy.ts";
import { type Variant, variants } from "../policy/variant.ts";
import { Rules } from "../validity/rules.ts";
import { actionNoise } from "./action-noise.ts";
import { saidAnswer, traceActions } from "./objective.ts";
import { ActionSampler, placementFor, type WeightPlacement } from "./sample.ts";
import type { Setting } from "./traced.ts";

const layout = { ...microLayout, rows: 4, steps: 4 };
function settingOf(variant: Variant, actionTokens: number): Setting {
  const form = policyForm(variant, "micro", {
    vocabulary: codec.vocabulary,
    parts: [],
    embodiments: 1,
    crossAttentionKeys: "real",
    horizon: layout.steps,
    actionSight: "causal",
    pastEnd: "hidden",
  });
  const conventions = { unrealInput: "zero", rules: Rules.all, hidden: "plain", pictures: "uint8" } as const;
  return { form, layout: { ...layout, actionTokens }, ...conventions };
}

const codec = new AnswerCodec(byteTokenizer, { tokenizer: unfittedFast() });
const setting = settingOf(variants.pi0, 0);
const weights = initialValues(traceActions(setting).parameters, 1);
const machine = { device: "cpu", threads: 1 } as const;
const batch = raggedBatch(layout, 2);
const keys = Array.from({ length: sampleCount(batch) }, (_, frame) => {
  return { seed: 1, dataset: "toy", episode: 0, frame, draw: 0 };
});

async function sampled(placement: WeightPlacement, of: typeof batch): Promise<Float32Array> {
  const sampler = await ActionSampler.compile({ setting, weights, placement, answers: null, machine });
  try {
    return (await sampler.sample(of, keys)).cells;
  } finally {
    sampler.release();
  }
}

it("actions are the same whether weights stand in the program or are fed to it", async () => {
  const [written, fed] = [await sampled("written", batch), await sampled("fed", batch)];
  // Prepacked weights are multiplied by other kernels: float32 sums of up to 64 terms, ten Euler steps.
  expectClose("actions", fed, written, { absolute: 1e-5, relative: 1e-5, because: "other kernels in float32" });
  expect(placementFor(weights, "float32")).toBe("written");
  // 2¹³ arrays of 2¹⁷ bytes are the 2³⁰ that are written at most.
  const large = zeros("y e", [2 ** 15, 1], "float32");
  const huge = new Map(Array.from({ length: 2 ** 13 + 1 }, (_, at) => [`part ${at}`, large]));
  expect(placementFor(huge, "float32")).toBe("fed");
  expect(placementFor(huge, "int8")).toBe("written");
  expect(placementFor(huge, "bf16")).toBe("fed");
  expect(placementFor(new Map([...huge].slice(1)), "float32")).toBe("written");
});

it("what stands in unreal cells moves no real action, to the bit", async () => {
  const poison = { number: () => Number.NaN, pixel: (cell: number) => cell % 251, token: () => 299 };
  const other = poisoned(batch, unrealCells(batch), poison);
  expectOtherBits("batch", other, batch);
  const real = batch.actions.valid.bits;
  const onlyReal = (cells: Float32Array) => cells.filter((_, at) => real[at] === 1);
  expectSameBits("actions", onlyReal(await sampled("written", other)), onlyReal(await sampled("written", batch)));
});

it("noise belongs to the key and the robot's own dof: not to the row, and 0 where there is no dof", () => {
  const noise = actionNoise(batch, keys, "zero");
  const turned = actionNoise(batch, keys.toReversed(), "zero");
  const width = layout.actionWidth;
  const own = (row: number, from: typeof noise) =>
    Array.from({ length: layout.steps * width }, (_, at) => ({
      dof: batch.ownDof.cells[row * width + (at % width)]!,
      step: Math.floor(at / width),
      value: from.cells[row * layout.steps * width + at]!,
    }));
  const byDof = (row: number, from: typeof noise) =>
    new Map(own(row, from).flatMap(({ dof, step, value }) => (dof < 0 ? [] : [[`${step} ${dof}`, value] as const])));
  for (const row of [0, 1, 2]) {
    const [here, there] = [byDof(row, noise), byDof(2 - row, turned)];
    for (const [cell, value] of here) if (there.has(cell)) expect(value).toBe(there.get(cell));
    for (const { dof, value } of own(row, noise)) if (dof < 0) expect(value).toBe(0);
  }
  expect(own(3, noise).every(({ value }) => value === 0)).toBe(true);
  expect(actionNoise(batch, keys, "noise").cells.filter((value) => value === 0)).toHaveLength(layout.steps * width);
});

it("a key is needed for each sample of the layout, and after its release a sampler gives no more actions", async () => {
  const sampler = await ActionSampler.compile({ setting, weights, placement: "written", answers: null, machine });
  expect(sampler.layout).toBe(setting.layout);
  await expect(sampler.sample(batch, keys.slice(1))).rejects.toThrow(
    "sample: expected a key for each of 3 samples, got 2",
  );
  sampler.release();
  await expect(sampler.sample(batch, keys)).rejects.toThrow("the session was released");
});

it("under other weights a program that is fed them acts as one compiled with these, and the first goes on with its own", async () => {
  const other = initialValues(traceActions(setting).parameters, 2);
  const fed = { setting, placement: "fed", answers: null, machine } as const;
  const [sampler, wanted] = [
    await ActionSampler.compile({ ...fed, weights }),
    await ActionSampler.compile({ ...fed, weights: other }),
  ];
  const first = (await sampler.sample(batch, keys)).cells;
  // What the policy does not read, it is not fed.
  const under = sampler.under(new Map([...other, ["unread", zeros("e", [1], "float32")]]));
  const found = (await under.sample(batch, keys)).cells;
  expectSameBits("actions", found, (await wanted.sample(batch, keys)).cells);
  expectOtherBits("actions", found, first);
  expectSameBits("actions", (await sampler.sample(batch, keys)).cells, first);
  for (const one of [sampler, wanted]) one.release();
});

it("weights that stand in the program are refused others, and weights that a policy does not read are left out", async () => {
  const more = new Map([...weights, ["unread", zeros("e", [1], "float32")] as const]);
  const sampler = await ActionSampler.compile({ setting, weights: more, placement: "written", answers: null, machine });
  expect(() => sampler.under(weights)).toThrow("under: expected a program that is fed its weights, got fixed ones");
  await expect(sampler.run(new Map())).rejects.toThrow(RangeError);
  sampler.release();
});

describe("a policy that says its actions", () => {
  const saying = settingOf(variants.pi0_fast, 8);
  const spoken = raggedBatch(saying.layout, 2);
  const { parameters, answer } = saidAnswer(saying, {});
  const own = { setting: saying, weights: randomWeights(parameters, 1), placement: "fed", machine } as const;

  it("says what its program says, and where that is no chunk, acts in no numbers", async () => {
    const sampler = await ActionSampler.compile({ ...own, answers: { codec, manner: {} } });
    const feeds = sampler.feedsOf(spoken, keys);
    const said = await sampler.said(feeds);
    const wanted = await evaluate({ answer }, { feeds, threads: 1, fixed: own.weights });
    expect(sampler.isSaid).toBe(true);
    expect(said.shape).toEqual([4, 7]);
    expect([...said.cells]).toEqual([...wanted.answer]);
    expect(new Set(said.cells).size).toBeGreaterThan(2);
    // Numbers stand, as 0, where a row has no dof alone.
    const { cells } = await sampler.sample(spoken, keys);
    const { steps, actionWidth } = saying.layout;
    const dofOf = (at: number) =>
      spoken.ownDof.cells[Math.floor(at / (steps * actionWidth)) * actionWidth + (at % actionWidth)]!;
    expect([...cells]).toEqual([...cells.keys()].map((at) => (dofOf(at) < 0 ? 0 : Number.NaN)));
    sampler.release();
  });

  it("is refused where its words are not known here, whatever else it learns", async () => {
    const both = settingOf(
      { ...variants.pi0_fast, objectives: [{ kind: "prompt" }, ...variants.pi0_fast.objectives] },
      8,
    );
    for (const one of [saying, both]) {
      const compiled = ActionSampler.compile({ ...own, setting: one, answers: null });
      await expect(compiled).rejects.toThrow(InputError);
      await expect(compiled).rejects.toThrow("answers: expected words of a tokenizer that is known here");
    }
  });

  it("acts by its flow where it has one as well", async () => {
    const objectives = [...variants.pi0_fast.objectives, ...variants.pi0.objectives];
    const both = settingOf({ ...variants.pi0, objectives }, 8);
    const options = { setting: both, weights, placement: "fed", answers: null, machine } as const;
    const sampler = await ActionSampler.compile(options);
    expect(sampler.isSaid).toBe(false);
    const found = await sampler.sample(spoken, keys);
    expect(found.cells.every(Number.isFinite)).toBe(true);
    await expect(sampler.said(sampler.feedsOf(spoken, keys))).rejects.toThrow(
      "said: expected a policy that says its actions, got one with a flow",
    );
    sampler.release();
  });
});

it("a policy that only says its prompt is no policy to act by", async () => {
  const speaking = settingOf({ ...variants.pi0, objectives: [{ kind: "prompt" }] }, 0);
  const compiled = ActionSampler.compile({ setting: speaking, weights, placement: "fed", answers: null, machine });
  await expect(compiled).rejects.toThrow("traceActions: expected an objective that makes actions, got none");
});
