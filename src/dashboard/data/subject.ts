import { existsSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { readManifest } from "../../checkpoint/checkpoint.ts";
import type { Manifest } from "../../checkpoint/manifest.ts";
import { listCheckpoints } from "../../checkpoint/store.ts";
import { openDataset } from "../../dataset/read/open.ts";
import { asFound } from "../../embodiment/mapping.ts";
import { InputError } from "../../input-error.ts";
import { readRunRecipe, recipeFile } from "../../recipe/file.ts";
import type { Recipe, RecipeDataset } from "../../recipe/schema.ts";
import { lookThrough } from "../../recipe/suggest/look.ts";
import { thisMachine } from "../../recipe/suggest/machine.ts";
import { vectorKeys } from "../../recipe/suggest/mapping.ts";
import { suggestRecipe } from "../../recipe/suggest/recipe.ts";

/** What pages of data and padding are of. */
export type DataSubject =
  /** A recipe; `manifest` is of the newest checkpoint that was trained by it, `null` where there is none. */
  | { readonly kind: "recipe"; readonly recipe: Recipe; readonly manifest: Manifest | null }
  /** A dataset that no recipe can be written for, and why. */
  | { readonly kind: "dataset"; readonly entry: RecipeDataset; readonly problem: string };

/**
 * What a folder holds: a run, or a dataset, read as the recipe that `armature recipe` writes for it has it.
 *
 * @throws InputError where it is neither
 */
export async function dataSubjectAt(path: string): Promise<DataSubject> {
  if (existsSync(join(path, recipeFile))) return await ofRun(path);
  if (!existsSync(join(path, "meta")))
    throw new InputError(
      `${path}: expected a run (a folder with ${recipeFile}) or a LeRobot dataset (a folder with meta/info.json), got neither`,
    );
  return await ofDataset(resolve(path));
}

async function ofRun(path: string): Promise<DataSubject> {
  const { whole } = await listCheckpoints(path);
  const newest = whole.at(-1);
  const manifest = newest === undefined ? null : await readManifest(newest.folder);
  return { kind: "recipe", recipe: await readRunRecipe(path), manifest };
}

async function ofDataset(root: string): Promise<DataSubject> {
  try {
    return { kind: "recipe", recipe: await suggestedFor(root), manifest: null };
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    return { kind: "dataset", entry: asItStands(root), problem: error.message };
  }
}

/** A dataset read as its metadata has it. */
function asItStands(root: string): RecipeDataset {
  return {
    name: basename(root),
    source: { kind: "lerobot", location: root, taskAnnotation: "declared" },
    episodes: "all",
    role: "both",
    weight: 1,
    mapping: { ...asFound, controlMode: "not stated" },
  };
}

async function suggestedFor(root: string): Promise<Recipe> {
  const name = basename(root);
  const dataset = await openDataset(root, {
    name,
    episodes: "all",
    taskAnnotation: "declared",
    pictureMemoryBytes: 0,
  });
  try {
    const rows = await lookThrough(dataset, vectorKeys(dataset), () => {});
    const choice = { root: dirname(root), variant: "pi0", size: "tiny", machine: thisMachine() } as const;
    return (await suggestRecipe([{ dataset, location: name, rows }], choice)).recipe;
  } finally {
    await dataset.close();
  }
}
