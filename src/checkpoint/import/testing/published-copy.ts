import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { traceObjectives } from "../../../objective/objective.ts";
import { formOf, settingOf } from "../../../recipe/plan.ts";
import type { Recipe } from "../../../recipe/schema.ts";
import { awkwardRecipe } from "../../../recipe/testing/awkward-recipe.ts";
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

export type Policy = Recipe["policy"];

/** A policy of the awkward recipe at the models' sizes, changed. */
export function policyOf(change: Partial<Policy>) {
  const size = { vision: tower, backbone, expert };
  const policy: Policy = { ...awkwardRecipe.policy, size, ...change };
  const recipe: Recipe = { ...awkwardRecipe, policy };
  const { parameters } = traceObjectives(settingOf({ recipe, rules: Rules.all }, 1));
  return { form: formOf(recipe), parameters };
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
export async function take(folder: string, change: Partial<Policy>) {
  const source = await TensorSource.open(folder);
  try {
    const { taken, read } = await fitModel(source, policyOf(change));
    return { taken, values: await read() };
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
export const zeros = (length: number): Tensor => ({
  shape: [length],
  type: "float32",
  cells: new Float32Array(length),
});
