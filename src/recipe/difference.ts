import { InputError } from "../input-error.ts";
import type { Recipe } from "./schema.ts";

/** Keys that change how a run is carried out and no number in it. */
const withoutNumbers = [
  "data.root",
  "data.workers",
  "data.pictureMemoryBytes",
  "batch.recompute",
  "checkpoint.everySteps",
  "checkpoint.keepLast",
  "policy.tokenizer.folder",
];

/** Prefix of keys on which no number of a run depends. */
const groupWithoutNumbers = "rollout.";

/** Keys that change the last bits of a run and nothing that it means. */
const ofBits = ["threads", "device"];

/** A value that two recipes do not share; `undefined` where one lacks it. */
export interface RecipeDifference {
  /** `data.datasets.0.weight` */
  readonly path: string;
  readonly one: unknown;
  readonly other: unknown;
}

/** What a key says that a recipe does not have, where another recipe may say the same. */
const whenAbsent = new Map<string, unknown>([
  ["precision", "float32"],
  ["optimizer.moments", "float32"],
]);

/** Every value in which two recipes differ, by path. */
export function recipeDifferences(one: Recipe, other: Recipe): RecipeDifference[] {
  const left = leaves(one, "");
  const right = leaves(other, "");
  const paths = [...new Set([...left.keys(), ...right.keys()])];
  return paths
    .filter((path) => valueAt(left, path) !== valueAt(right, path))
    .map((path) => ({ path, one: left.get(path), other: right.get(path) }));
}

function valueAt(values: ReadonlyMap<string, unknown>, path: string): unknown {
  return values.has(path) ? values.get(path) : whenAbsent.get(path);
}

/**
 * Whether a run may continue under a recipe.
 *
 * @param found the run's own recipe
 * @param given the recipe that is asked for
 * @returns the differences after which the run no longer equals an uninterrupted one to the bit, for the user to be told
 * @throws InputError listing the differences that would make it another run
 */
export function checkResumedRecipe(run: string, found: Recipe, given: Recipe): RecipeDifference[] {
  const differences = recipeDifferences(found, given).filter(
    ({ path }) => !withoutNumbers.includes(path) && !path.startsWith(groupWithoutNumbers),
  );
  const refused = differences.filter(({ path }) => !ofBits.includes(path));
  if (refused.length > 0) {
    const listed = refused.map(({ path, one, other }) => `${path} ${shown(one)}, got ${shown(other)}`);
    throw new InputError(
      `${run}: expected the run's own recipe, with ${listed.join("; ")}; begin a new run with --init`,
    );
  }
  return differences;
}

function leaves(value: unknown, path: string): Map<string, unknown> {
  if (typeof value !== "object" || value === null) return new Map([[path, value]]);
  const inner = Object.entries(value).flatMap(([key, entry]) => [
    ...leaves(entry, path === "" ? key : `${path}.${key}`),
  ]);
  // An empty list or group is a value: without this it would equal one that is not there.
  return inner.length === 0 ? new Map([[path, Array.isArray(value) ? "[]" : "{}"]]) : new Map(inner);
}

function shown(value: unknown): string {
  return value === undefined ? "nothing" : JSON.stringify(value);
}
