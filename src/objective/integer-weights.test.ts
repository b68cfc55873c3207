import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { sampleCount } from "../batch/batch.ts";
import { eachField } from "../batch/each.ts";
import { poisoned, unrealCells } from "../batch/poison.ts";
import { raggedBatch } from "../batch/testing/example-batch.ts";
import { microLayout } from "../batch/testing/micro-layout.ts";
import type { StoredPlace } from "../graph/onnx.ts";
import { expectOtherBits, expectSameBits } from "../graph/testing/bits.ts";
import { randomWeights } from "../nn/testing/random-weights.ts";
import { policyForm } from "../policy/policy.ts";
import { type VariantName, variants } from "../policy/variant.ts";
import { Rules } from "../validity/rules.ts";
import { integersOf } from "./integer-weights.ts";
import { traceActions } from "./objective.ts";
import { ActionSampler } from "./sample.ts";
import type { Setting } from "./traced.ts";
import type { WeightKind } from "./weight-kind.ts";

const layout = { ...microLayout, rows: 4, steps: 4 };

function settingOf(variant: VariantName): Setting {
  const form = policyForm(variants[variant], "micro", {
    vocabulary: 514,
    parts: [],
    embodiments: 1,
    crossAttentionKeys: "real",
    horizon: layout.steps,
    actionSight: "causal",
    pastEnd: "hidden",
  });
  return { form, layout, unrealInput: "zero", rules: Rules.all, hidden: "plain", pictures: "uint8" };
}

const batch = raggedBatch(layout, 2);
const keys = Array.from({ length: sampleCount(batch) }, (_, frame) => {
  return { seed: 1, dataset: "toy", episode: 0, frame, draw: 0 };
});

/** A policy with weights that nobody trained. */
function policyOf(variant: VariantName) {
  const setting = settingOf(variant);
  const weights = randomWeights(traceActions(setting).parameters, 1);
  return { setting, weights, placement: "written", answers: null, machine: { device: "cpu", threads: 1 } } as const;
}

/** Actions of some batches. */
async function sampled(
  policy: ReturnType<typeof policyOf>,
  weightKind: WeightKind,
  batches: readonly (typeof batch)[],
) {
  const sampler = await ActionSampler.compile({ ...policy, weightKind });
  try {
    const found: Float32Array[] = [];
    for (const one of batches) found.push((await sampler.sample(one, keys)).cells);
    return found;
  } finally {
    sampler.release();
  }
}

const real = batch.actions.valid.bits;
const onlyReal = (cells: Float32Array) => cells.filter((_, at) => real[at] === 1);

/** All cells of every row but the first. */
const otherRows = eachField<"bytes">((name) => {
  const { bits } = batch[name].valid;
  return bits.map((_, at) => (at < bits.length / layout.rows ? 0 : 1));
});

describe.each(["pi0", "pi05", "smolvla"] as const)("%s with integers", (variant) => {
  const policy = policyOf(variant);

  it("acts as before but for roundings", async () => {
    const [[own], [other]] = [await sampled(policy, "float32", [batch]), await sampled(policy, "int8", [batch])];
    const [before, after] = [onlyReal(own!), onlyReal(other!)];
    expectOtherBits("actions", after, before);
    const square = (cells: Float32Array) => cells.reduce((sum, cell) => sum + cell ** 2, 0);
    const change = Math.sqrt(square(after.map((cell, at) => cell - before[at]!)) / square(before));
    // A product of numbers of one size is off by 1/127 · √(2/12) or half a percent; a chunk goes through some twenty.
    expect(change).toBeLessThan(0.05);
  });

  it("gives the same bits whatever stands in unreal cells, and beside whom a robot asks", async () => {
    const poison = { number: () => Number.NaN, pixel: (cell: number) => cell % 251, token: () => 299 };
    const wild = { number: (cell: number) => 1e4 * Math.sin(cell), pixel: (cell: number) => cell % 7, token: () => 3 };
    const others = [poisoned(batch, unrealCells(batch), poison), poisoned(batch, otherRows, wild)];
    const [plain, sick, beside] = await sampled(policy, "int8", [batch, ...others]);
    expectSameBits("actions", onlyReal(sick!), onlyReal(plain!));
    const first = plain!.length / layout.rows;
    expectSameBits("first row", beside!.slice(0, first), plain!.slice(0, first));
    expectOtherBits("other rows", beside!.slice(first), plain!.slice(first));
  });
});

it("weights that stand in a file give the same actions as those in memory, to the bit", async () => {
  const policy = policyOf("pi0");
  const folder = await mkdtemp(join(tmpdir(), "armature-integers-"));
  try {
    const places = new Map<string, StoredPlace>();
    let offset = 0;
    for (const [name, { cells }] of policy.weights) {
      places.set(name, { file: "weights", offset, length: cells.byteLength });
      offset += cells.byteLength;
    }
    await writeFile(
      join(folder, "weights"),
      Buffer.concat(
        [...policy.weights.values()].map(
          ({ cells }) => new Uint8Array(cells.buffer, cells.byteOffset, cells.byteLength),
        ),
      ),
    );
    const stored = await ActionSampler.compile({ ...policy, weights: { folder, places }, weightKind: "int8" });
    const [wanted] = await sampled(policy, "int8", [batch]);
    expectSameBits("actions", (await stored.sample(batch, keys)).cells, wanted!);
    stored.release();
    const short = new Map([["w", { file: "weights", offset: 2 ** 30, length: 8 }]]);
    expect(() => integersOf({ folder, places: short }).cellsOf("w")).toThrow(
      "weights: expected 8 bytes at 1073741824, got 0",
    );
  } finally {
    await rm(folder, { recursive: true });
  }
});

it("integers cannot be fed", async () => {
  const compiled = ActionSampler.compile({ ...policyOf("pi0"), placement: "fed", weightKind: "int8" });
  await expect(compiled).rejects.toThrow("sample: expected integers to be written into the program");
});
