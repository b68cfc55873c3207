import { mkdir, readdir, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { isAbsent, syncFolder, writeDurably } from "../checkpoint/durable.ts";
import { InputError } from "../input-error.ts";

/** The resolved recipe of a run. */
export const recipeFile = "recipe.json";

/** The name of a run's folder unless the user gives one: `real-mixture-20260131-235901`, in local time. */
export function runName(recipe: string, begun: Date): string {
  const date = [begun.getFullYear(), begun.getMonth() + 1, begun.getDate()];
  const time = [begun.getHours(), begun.getMinutes(), begun.getSeconds()];
  const written = [date, time].map((parts) => parts.map((part) => String(part).padStart(2, "0")).join(""));
  return [recipe, ...written].join("-");
}

/**
 * Makes the folder of a new run.
 *
 * @throws InputError where it cannot be made, or something stands in it: a run is never written over
 */
export async function createRunFolder(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true }).catch((error: unknown) => {
    throw new InputError(
      `${folder}: expected a folder for the run, got ${error instanceof Error ? error.message : error}`,
    );
  });
  const names = await readdir(folder);
  if (names.length > 0)
    throw new InputError(
      `${folder}: expected a new or empty folder for the run, got one with ${names.slice(0, 3).join(", ")}` +
        `${names.length > 3 ? ", …" : ""}; continue the run with --resume, or give another --out`,
    );
  await syncFolder(dirname(folder));
}

/** The newest run of a recipe among those with names of their own making; `null` where there is none. */
export async function newestRun(runs: string, recipe: string): Promise<string | null> {
  const names = await readdir(runs).catch((error: unknown) => {
    if (isAbsent(error)) return [];
    throw error;
  });
  const own = names.filter(
    (name) => name.startsWith(`${recipe}-`) && /^\d{8}-\d{6}$/.test(name.slice(recipe.length + 1)),
  );
  const newest = own.sort().at(-1);
  return newest === undefined ? null : join(runs, newest);
}

/** Writes the resolved recipe into a new run, whole or not at all. */
export async function writeRunRecipe(run: string, recipe: object): Promise<void> {
  const path = join(run, recipeFile);
  const unfinished = `${path}.partial`;
  await rm(unfinished, { force: true });
  await writeDurably(unfinished, [new TextEncoder().encode(`${JSON.stringify(recipe, null, 2)}\n`)]);
  await rename(unfinished, path);
  await syncFolder(run);
}
