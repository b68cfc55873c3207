import { InputError } from "../input-error.ts";
import { didYouMean } from "../nearest.ts";

type Scalar = string | number | boolean | null;

/**
 * A copy of a recipe in which single scalars are replaced, each by its dotted path: `batch.size=16`, `datasets.0.weight=2`.
 *
 * The scalar that stands there decides how a value is read; where it is `null`, the value is read as JSON if it is JSON, else as text.
 *
 * @param settings as given after `--set`; of two for one path the last counts
 * @throws InputError if a setting has no `=`, its path is unknown or names no scalar, or its value is of another kind
 */
export function override<Recipe extends object>(recipe: Recipe, settings: readonly string[]): Recipe {
  const copy = structuredClone(recipe);
  for (const setting of settings) {
    const border = setting.indexOf("=");
    if (border < 1) throw new InputError(`--set: expected KEY=VALUE, got "${setting}"`);
    replace(copy, setting.slice(0, border), setting.slice(border + 1));
  }
  return copy;
}

/** The dotted path of every scalar, in the order in which they stand. */
export function paths(recipe: object): string[] {
  return Object.entries(recipe).flatMap(([key, value]) => {
    if (isScalar(value)) return [key];
    return isObject(value) ? paths(value).map((path) => `${key}.${path}`) : [];
  });
}

function replace(recipe: object, path: string, text: string): void {
  const keys = path.split(".");
  const last = keys.pop() ?? "";
  let holder: unknown = recipe;
  for (const key of keys) holder = entry(holder, key);
  const present = entry(holder, last);
  if (!isObject(holder) || !isScalar(present)) throw noScalar(recipe, path, present);
  Reflect.set(holder, last, read(path, text, present));
}

function noScalar(recipe: object, path: string, present: unknown): InputError {
  const known = paths(recipe);
  const below = known.filter((candidate) => candidate.startsWith(`${path}.`));
  if (isObject(present) && below.length > 0)
    return new InputError(`--set ${path}: expected a single value, got a group; its values are ${below.join(", ")}`);
  return new InputError(`--set ${path}: expected a key of the recipe, got an unknown one${didYouMean(path, known)}`);
}

function read(path: string, text: string, present: Scalar): Scalar {
  if (typeof present === "string") return text;
  const value = scalarOfJson(text);
  if (present === null) return value === undefined ? text : value;
  if (typeof value === typeof present && value !== undefined) return value;
  const expected = typeof present === "number" ? "a number" : "true or false";
  throw new InputError(`--set ${path}: expected ${expected} (the recipe has ${present}), got "${text}"`);
}

/** The scalar that the text is as JSON; `undefined` where it is none, or a number too big for float64. */
function scalarOfJson(text: string): Scalar | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isScalar(value) && (typeof value !== "number" || Number.isFinite(value)) ? value : undefined;
  } catch {
    return undefined;
  }
}

function entry(holder: unknown, key: string): unknown {
  return isObject(holder) && Object.hasOwn(holder, key) ? Reflect.get(holder, key) : undefined;
}

function isScalar(value: unknown): value is Scalar {
  return value === null || ["string", "number", "boolean"].includes(typeof value);
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}
