import { describe, expect, it } from "vitest";
import { sampleCount } from "../batch/batch.ts";
import { eachField } from "../batch/each.ts";
import { poisoned, unrealCells } from "../batch/poison.ts";
import { raggedBatch } from "../batch/testing/example-batch.ts";
import { microLayout } from "../batch/testing/micro-layout.ts";
import { expectOtherBits, expectSameBits } from "../graph/testing/bits.ts";
import { isOpenvinoThere } from "../graph/testing/openvino.ts";
import { randomWeights } from "../nn/testing/random-weights.ts";
import { policyForm } from "../policy/policy.ts";
import { variants } from "../policy/variant.ts";
import { Rules } from "../validity/rules.ts";
import { traceActions } from "./objective.ts";
import { ActionSampler, type WeightPlacement } from "./sample.ts";
import { requireWeightKind, type WeightKind } from "./weight-kind.ts";

it("a device that has no such products is refused", async () => {
  await requireWeightKind("float32", { device: "webgpu" });
  await expect(requireWeightKind("int8", { device: "webgpu" })).rejects.toThrow(
    'weights: expected "cpu" for products of 8-bit integers, got "webgpu"; take float32',
  );
  await expect(requireWeightKind("bf16", { device: "webgpu" })).rejects.toThrow(
    'weights: expected "cpu" for products in bfloat16, got "webgpu"; take float32',
  );
});

const layout = { ...microLayout, rows: 4, steps: 4 };
const batch = raggedBatch(layout, 2);
const keys = Array.from({ length: sampleCount(batch) }, (_, frame) => {
  return { seed: 1, dataset: "toy", episode: 0, frame, draw: 0 };
});
const real = batch.actions.valid.bits;
const onlyReal = (cells: Float32Array) => cells.filter((_, at) => real[at] === 1);

/** All cells of every row but the first. */
const otherRows = eachField<"bytes">((name) => {
  const { bits } = batch[name].valid;
  return bits.map((_, at) => (at < bits.length / layout.rows ? 0 : 1));
});

describe.skipIf(!isOpenvinoThere()).each(["pi0", "smolvla", "groot_n15"] as const)("%s in bf16", (variant) => {
  const form = policyForm(variants[variant], "micro", {
    vocabulary: 514,
    parts: [],
    embodiments: 2,
    crossAttentionKeys: "real",
    horizon: layout.steps,
    actionSight: "causal",
    pastEnd: "hidden",
  });
  const setting = { form, layout, unrealInput: "zero", rules: Rules.all, hidden: "plain", pictures: "uint8" } as const;
  const weights = randomWeights(traceActions(setting).parameters, 1);
  const machine = { device: "cpu", threads: 1 } as const;

  async function sampled(weightKind: WeightKind, placement: WeightPlacement, batches: readonly (typeof batch)[]) {
    const sampler = await ActionSampler.compile({ setting, weights, placement, weightKind, answers: null, machine });
    try {
      const found: Float32Array[] = [];
      for (const one of batches) found.push(onlyReal((await sampler.sample(one, keys)).cells));
      return found;
    } finally {
      sampler.release();
    }
  }

  it("acts as before but for roundings, wherever the weights are", async () => {
    const [before] = await sampled("float32", "written", [batch]);
    const square = (cells: Float32Array) => cells.reduce((sum, cell) => sum + cell ** 2, 0);
    for (const placement of ["written", "fed"] as const) {
      const [after] = await sampled("bf16", placement, [batch]);
      expectOtherBits("actions", after!, before!);
      const change = Math.sqrt(square(after!.map((cell, at) => cell - before![at]!)) / square(before!));
      // A factor is off by 2⁻⁹ / √3 of itself, 0.1 %; a chunk goes through some twenty products of two.
      expect(change).toBeLessThan(0.03);
    }
  });

  it("gives the same bits whatever stands in unreal cells, and beside whom a robot asks", async () => {
    const poison = { number: () => Number.NaN, pixel: (cell: number) => cell % 251, token: () => 299 };
    const wild = { number: (cell: number) => 1e4 * Math.sin(cell), pixel: (cell: number) => cell % 7, token: () => 3 };
    const others = [poisoned(batch, unrealCells(batch), poison), poisoned(batch, otherRows, wild)];
    const [plain, sick, beside] = await sampled("bf16", "written", [batch, ...others]);
    expectSameBits("actions", sick!, plain!);
    const first = onlyReal(Float32Array.from(real, (_, at) => at)).filter(
      (at) => at < real.length / layout.rows,
    ).length;
    expectSameBits("first row", beside!.slice(0, first), plain!.slice(0, first));
    expectOtherBits("other rows", beside!.slice(first), plain!.slice(first));
  });
});
