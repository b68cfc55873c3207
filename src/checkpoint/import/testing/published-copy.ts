import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { traceObjectives } from "../../../objective/objective.ts";
import { policyForm } from "../../../policy/policy.ts";
import type { SizeChoice } from "../../../policy/size.ts";
import { type VariantName, variants } from "../../../policy/variant.ts";
import { Rules } from "../../../validity/rules.ts";
import { readSafetensors, writeSafetensors } from "../../safetensors.ts";
import type { Tensor } from "../../safetensors-header.ts";
import { fitModel } from "../backbone-weights.ts";
import { TensorSource } from "../tensor-source.ts";

/** Where small published models stand. */
export const published = join(import.meta.dirname, "../../../../test/parity/published");
const place = mkdtempSync(join(tmpdir(), "armature-published-"));

/** Deletes the copies. */
export function removeCopies(): void {
  rmSync(place, { recursive: true });
}

/** Sizes of those models, and of an expert that goes with them. */
export const tower = { picture: 16, patch: 4, square: 1, width: 8, layers: 2, mlp: 12, heads: 2, temporalEvery: 2 };
export const backbone = { width: 16, layers: 3, mlp: 24, heads: 4, keyHeads: 2, headWidth: 4 };
export const expert = { width: 12, layers: 3, mlp: 20, heads: 4, keyHeads: 2, headWidth: 4 };

/** What of a policy differs from π0 of these sizes with two views. */
export interface PolicyChange {
  readonly variant?: VariantName;
  readonly size?: SizeChoice;
  readonly views?: number;
  readonly vocabulary?: number;
}

/** A policy, and the parameters that it is made of. */
export function policyOf({
  variant = "pi0",
  size = { vision: tower, backbone, expert },
  views = 2,
  vocabulary = 258,
}: PolicyChange) {
  const form = policyForm(variants[variant], size, {
    vocabulary,
    parts: [],
    embodiments: 1,
    crossAttentionKeys: "real",
    horizon: 2,
    actionSight: "causal",
    pastEnd: "hidden",
  });
  const layout = {
    rows: 1,
    steps: 2,
    actionWidth: 3,
    stateWidth: 3,
    views,
    observations: 1,
    tokens: 4,
    actionTokens: 4,
    pictureSize: form.size.vision.picture,
  };
  const setting = { form, layout, unrealInput: "zero", rules: Rules.all, hidden: "plain", pictures: "uint8" } as const;
  return { form, parameters: traceObjectives(setting).parameters };
}

const squared = { ...tower, square: 2 };

export const smolvla = (layers: number) => ({
  variant: "smolvla" as const,
  size: { vision: squared, backbone: { ...backbone, layers }, expert: { ...expert, layers, jointEvery: 2 } },
});
export const pi06 = {
  variant: "pi06" as const,
  size: { vision: squared, backbone: { ...backbone, layers: 6 }, expert: { ...expert, layers: 6 } },
};

/** What a policy takes of a folder, with the values. */
export async function take(folder: string, change: PolicyChange) {
  const source = await TensorSource.open(folder);
  try {
    const { taken, read } = await fitModel(source, policyOf(change));
    return { taken, values: await read() };
  } finally {
    await source.close();
  }
}

/** What a policy would take, by the headers of a folder's files: no cell is read. */
export async function fitted(folder: string, change: PolicyChange) {
  const source = await TensorSource.open(folder);
  try {
    return (await fitModel(source, policyOf(change))).taken;
  } finally {
    await source.close();
  }
}

/** A copy of a model, changed. */
export function changed(name: string, change: (folder: string) => void): string {
  const folder = mkdtempSync(join(place, `${name}-`));
  cpSync(join(published, name), folder, { recursive: true });
  change(folder);
  return folder;
}

/** A copy of a model with other tensors. */
export async function withTensors(name: string, change: (tensors: Map<string, Tensor>) => void): Promise<string> {
  const folder = changed(name, () => {});
  const path = join(folder, "model.safetensors");
  const tensors = await readSafetensors(path);
  change(tensors);
  rmSync(path);
  await writeSafetensors(path, tensors, {});
  return folder;
}

/** A copy of a model whose configuration says something else. */
export function withConfig(name: string, change: object): string {
  return changed(name, (folder) => {
    const path = join(folder, "config.json");
    writeFileSync(path, JSON.stringify({ ...JSON.parse(readFileSync(path, "utf8")), ...change }));
  });
}

/** A vector of zeros. */
export const zerosOf = (length: number): Tensor => ({
  shape: [length],
  type: "float32",
  cells: new Float32Array(length),
});
