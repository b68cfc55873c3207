import { access, constants, readdir, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { isAbsent, syncFolder } from "../checkpoint/durable.ts";
import { InputError } from "../input-error.ts";
import { makeFolder } from "../make-folder.ts";

/** The name of a run's folder unless the user gives one: `real-mixture-20260131-235901`, in local time. */
export function runName(recipe: string, begun: Date): string {
  const date = [begun.getFullYear(), begun.getMonth() + 1, begun.getDate()];
  const time = [begun.getHours(), begun.getMinutes(), begun.getSeconds()];
  const written = [date, time].map((parts) => parts.map((part) => String(part).padStart(2, "0")).join(""));
  return [recipe, ...written].join("-");
}

/**
 * Checks whether the folder of a new run can be made; makes nothing.
 *
 * @throws InputError where something stands in it, or it cannot be written
 */
export async function checkRunFolder(folder: string): Promise<void> {
  const here = await nearestPresent(folder);
  if (!(await stat(here)).isDirectory()) throw noFolder(folder, `a file at ${here}`);
  await access(here, writable).catch((error: unknown) => {
    throw noFolder(folder, reasonOf(error));
  });
  if (here === folder) refuseTaken(folder, await readdir(folder));
}

/** @throws InputError where a run cannot go on because its folders are closed to the user */
export async function checkRunIsOpen(run: string): Promise<void> {
  for (const folder of [run, join(run, "checkpoints")])
    await access(folder, writable).catch((error: unknown) => {
      if (isAbsent(error)) return;
      throw new InputError(`${folder}: expected a folder that can be written, got ${reasonOf(error)}`);
    });
}

const writable = constants.W_OK | constants.X_OK;

/**
 * Makes the folder of a new run.
 *
 * @throws InputError where it cannot be made, or something stands in it: a run is never written over
 */
export async function createRunFolder(folder: string): Promise<void> {
  await checkRunFolder(folder);
  await makeFolder(folder).catch((error: unknown) => {
    throw noFolder(folder, reasonOf(error));
  });
  await syncFolder(dirname(folder));
}

/** What is there of a path: itself, or the nearest folder above it. */
async function nearestPresent(path: string): Promise<string> {
  const isThere = await stat(path).then(
    () => true,
    () => false,
  );
  return isThere || dirname(path) === path ? path : nearestPresent(dirname(path));
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function refuseTaken(folder: string, names: readonly string[]): void {
  if (names.length === 0) return;
  const more = names.length > 3 ? ", …" : "";
  throw new InputError(
    `${folder}: expected a new or empty folder for the run, got one with ${names.slice(0, 3).join(", ")}${more}; ` +
      "continue the run with --resume, or give another --out",
  );
}

function noFolder(folder: string, got: string): InputError {
  return new InputError(`${folder}: expected a folder for the run that can be written, got ${got}; give another --out`);
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
