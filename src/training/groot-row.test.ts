import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Batch } from "../batch/batch.ts";
import type { BatchLayout } from "../batch/layout.ts";
import { poisoned, unrealCells } from "../batch/poison.ts";
import { exampleBatch, raggedBatch } from "../batch/testing/example-batch.ts";
import { HostArray } from "../graph/host-array.ts";
import { expectSameBits } from "../graph/testing/bits.ts";
import { named } from "../graph/testing/evaluate.ts";
import type { Setting } from "../objective/traced.ts";
import { variants } from "../policy/variant.ts";
import { Rules } from "../validity/rules.ts";
import { MicroPolicy, microWeights, nothing, testForm } from "./testing/micro-policy.ts";

const layout: BatchLayout = {
  rows: 4,
  steps: 5,
  actionWidth: 6,
  stateWidth: 5,
  views: 2,
  observations: 2,
  tokens: 6,
  responseTokens: 0,
  actionTokens: 0,
  pictureSize: 16,
};
const ragged = raggedBatch(layout, 3);

function settingOf(variant: "groot_n15" | "groot_n17", rules: Rules): Setting {
  const form = testForm(variants[variant], "micro", layout, 0);
  return { form, layout, unrealInput: "zero", rules, hidden: "plain", pictures: "uint8" };
}

/** Whether noise in hidden states of tokens that do not exist changes the loss of a ragged batch. */
async function readsHidden(setting: Setting): Promise<boolean> {
  const policy = await MicroPolicy.compile(setting);
  const weights = microWeights(setting);
  const one = await policy.outcome(ragged, weights, nothing);
  const other = await policy.outcome(ragged, weights, { ...nothing, hidden: 3 });
  policy.release();
  return one.loss![0] !== other.loss![0];
}

describe.each(["groot_n15", "groot_n17"] as const)("%s", (variant) => {
  const setting = settingOf(variant, Rules.all);
  const weights = microWeights(setting);
  let policy: MicroPolicy;
  beforeAll(async () => {
    policy = await MicroPolicy.compile(setting);
  });
  afterAll(() => policy.release());

  it("is changed by nothing that does not exist, to the bit, neither its loss nor a gradient nor an action", async () => {
    const sick = poisoned(ragged, unrealCells(ragged), { number: () => Number.NaN, pixel: () => 255, token: () => -7 });
    const expected = await policy.outcome(ragged, weights, nothing);
    for (const found of [
      await policy.outcome(sick, weights, nothing),
      await policy.outcome(ragged, weights, { ...nothing, hidden: 3 }),
    ])
      for (const [name, cells] of Object.entries(expected)) expectSameBits(name, found[name]!, cells);
  });

  it("reads what does not exist where the rule that hides it is switched off", async () => {
    expect(await readsHidden(settingOf(variant, Rules.without("cross-attention-keys")))).toBe(true);
  });

  it("reads what does not exist as released: all of it in N1.5, where features read each other in N1.7", async () => {
    const { head, ...form } = setting.form;
    if (head.kind !== "groot") throw new RangeError("expected GR00T's head");
    const released = { ...head, crossAttentionKeys: "asReleasedGr00t" } as const;
    expect(await readsHidden({ ...setting, form: { ...form, head: released } })).toBe(true);
    const alone = { ...released, size: { ...head.size, features: null } };
    const isByTurns = head.size.textEvery !== null;
    expect(await readsHidden({ ...setting, form: { ...form, head: alone } })).toBe(!isByTurns);
  });

  it("knows no state that is dropped in training, and always the state of a robot that acts", async () => {
    const batch = exampleBatch(layout, 2);
    const outcome = (kept: number, state: "own" | "other") => under(policy, batch, { kept, state });
    const [own, other] = [await outcome(0, "own"), await outcome(0, "other")];
    expect([...other.actions!]).not.toEqual([...own.actions!]);
    const isKnown = variants[variant].stateDropout === 0;
    expect(own.loss![0] !== other.loss![0]).toBe(isKnown);
    for (const name of ["gradient.groot.state.in.weight", "gradient.groot.state.out.weight"])
      expect([...own[name]!].some((cell) => cell !== 0)).toBe(isKnown);
    expect((await outcome(1, "own")).loss).not.toEqual((await outcome(1, "other")).loss);
  });

  function under(of: MicroPolicy, batch: Batch, { kept, state }: { kept: number; state: "own" | "other" }) {
    const negated = batch.state.read(
      ({ axes, shape, cells }) =>
        new HostArray(
          axes,
          shape,
          "float32",
          cells.map((cell) => -cell),
        ),
    );
    const stateKept = new HostArray("b", [4], "bool", new Uint8Array(4).fill(kept));
    const feeds = state === "other" ? named({ stateKept, state: negated }) : named({ stateKept });
    return of.outcome(batch, weights, { ...nothing, feeds });
  }
});
