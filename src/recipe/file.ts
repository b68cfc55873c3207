import { readdir, readFile, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { z } from "zod";
import { runOf } from "../checkpoint/chosen.ts";
import { isAbsent, replaceDurably } from "../checkpoint/durable.ts";
import { InputError } from "../input-error.ts";
import { didYouMean } from "../nearest.ts";
import { parseInput } from "../parse-input.ts";
import { importRecipe } from "./module.ts";
import type { Fits } from "./override.ts";
import { withOwnTokenizer } from "./own-tokenizer.ts";
import { type Recipe, recipeSchema } from "./schema.ts";

/** The resolved recipe of a run. */
export const recipeFile = "recipe.json";

/**
 * A recipe as a value that came from outside: a file, or a recipe with settings replaced.
 *
 * @param where the value comes from, for errors
 * @throws InputError naming every key that is unknown (with the nearest known one), missing or of a value that does not fit
 */
export function parseRecipe(where: string, value: unknown): Recipe {
  return parseInput(where, recipeSchema, value);
}

/** Whether the value at a dotted path may stand in a recipe, or whether nothing may: whatever stands elsewhere. */
export function fitsRecipe(value: unknown, path: string): ReturnType<Fits> {
  const { issues = [] } = recipeSchema.safeParse(value).error ?? {};
  const isUnknown = (issue: z.core.$ZodIssue) =>
    issue.code === "unrecognized_keys" && issue.keys.some((key) => [...issue.path, key].join(".") === path);
  if (issues.some(isUnknown)) return "no such key";
  return issues.some((issue) => issue.path.join(".") === path) ? "another value" : "fits";
}

/**
 * The recipe of a file that exports `recipe`, or of a run's folder or one of its checkpoints'.
 *
 * @param path `recipes/NAME.ts`, or a folder with `recipe.json`
 * @param weights run whose weights the recipe begins with, for a file whose `recipe` is a function of that run's recipe; `null` for none
 * @throws InputError where there is none, it does not load, it is not whole, or it asks for weights that are not given
 */
export async function loadRecipe(path: string, weights: string | null = null): Promise<Recipe> {
  const found = await stat(path).catch(() => null);
  if (found === null)
    throw new InputError(`${path}: expected a recipe or a run, got nothing there${await nearestFile(path)}`);
  if (found.isDirectory()) return readRunRecipe(runOf(path));
  if (!isCode(path)) throw new InputError(`${path}: expected a recipe in TypeScript or a run's folder`);
  const exported = await importModule(path);
  if (!("recipe" in exported))
    throw new InputError(
      `${path}: expected an export named "recipe", got ${Object.keys(exported).join(", ") || "none"}`,
    );
  return parseRecipe(path, await madeFor(path, exported.recipe, weights));
}

/** A recipe as a file has it, or as it follows from the recipe of the weights that it begins with. */
async function madeFor(path: string, recipe: unknown, weights: string | null): Promise<unknown> {
  if (typeof recipe !== "function") return recipe;
  if (weights === null)
    throw new InputError(
      `${path}: expected --init RUN with it, since its policy is that of the weights that it begins with; \`import\` makes such a run`,
    );
  const made: unknown = Reflect.apply(recipe, undefined, [await readRunRecipe(runOf(weights))]);
  return made;
}

/** Whether a path is meant as a recipe, by its ending, or is the folder of a run or of one of its checkpoints. */
export async function isRecipeOrRun(path: string): Promise<boolean> {
  if (isCode(path)) return true;
  const found = await stat(path).catch(() => null);
  if (found?.isDirectory() !== true) return found !== null;
  return await stat(join(runOf(path), recipeFile)).then(
    () => true,
    () => false,
  );
}

/** @throws InputError where the folder holds no recipe, or one that is not whole */
export async function readRunRecipe(run: string): Promise<Recipe> {
  const path = join(run, recipeFile);
  const text = await readFile(path, "utf8").catch(async (error: unknown) => {
    if (!isAbsent(error)) throw new InputError(`${path}: expected the recipe of a run, got ${reasonOf(error)}`);
    const isThere = (await stat(run).catch(() => null)) !== null;
    throw new InputError(
      `${run}: expected a run's folder, got ${isThere ? `one without ${recipeFile}` : "nothing there"}`,
    );
  });
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new InputError(`${path}: expected a recipe in JSON, got ${reasonOf(error)}`);
  }
  return withOwnTokenizer(run, parseRecipe(path, value));
}

/** The recipe that stands in the manifest of a checkpoint. @throws InputError as `parseRecipe` */
export function checkpointRecipe(checkpoint: string, { recipe }: { readonly recipe: unknown }): Recipe {
  return withOwnTokenizer(runOf(checkpoint), parseRecipe(`${checkpoint}, recipe`, recipe));
}

function isCode(path: string): boolean {
  return /\.[mc]?[jt]s$/.test(path);
}

async function importModule(path: string): Promise<object> {
  try {
    return await importRecipe(path);
  } catch (error) {
    throw new InputError(`${path}: expected a recipe that loads, got ${reasonOf(error)}`);
  }
}

/** The first line of what went wrong. */
function reasonOf(error: unknown): string {
  return String(error).split("\n", 1)[0] ?? "";
}

/** A neighbour that was meant; none where no file of code was asked for. */
async function nearestFile(path: string): Promise<string> {
  if (!isCode(path)) return "";
  const names = await readdir(dirname(path)).catch(() => []);
  const recipes = names.filter((name) => name.endsWith(".ts") && !name.endsWith(".test.ts"));
  return didYouMean(
    path,
    recipes.map((name) => join(dirname(path), name)),
  );
}

/**
 * Writes the resolved recipe into a new run, whole or not at all.
 *
 * @throws InputError where the disk is full
 */
export async function writeRunRecipe(run: string, recipe: object): Promise<void> {
  await replaceDurably(join(run, recipeFile), `${JSON.stringify(recipe, null, 2)}\n`);
}
