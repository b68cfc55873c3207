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
  return replaceAll(recipe, settings, null);
}

/** Whether the value at a path may stand there, or whether nothing may: whatever stands elsewhere. */
export type Fits = (recipe: object, path: string) => "fits" | "another value" | "no such key";

/**
 * The same where a value may be of several kinds: one that does not fit as the kind that stands there is read as another.
 *
 * With `"native"` at a path where a number may stand as well, `data.rate=10` is the number. A key that a recipe may lack is added.
 */
export function overrideWhereFits<Recipe extends object>(
  recipe: Recipe,
  settings: readonly string[],
  fits: Fits,
): Recipe {
  return replaceAll(recipe, settings, fits);
}

function replaceAll<Recipe extends object>(recipe: Recipe, settings: readonly string[], fits: Fits | null): Recipe {
  const copy = structuredClone(recipe);
  for (const setting of settings) {
    const border = setting.indexOf("=");
    if (border < 1) throw new InputError(`--set: expected KEY=VALUE, got "${setting}"`);
    replace(copy, { path: setting.slice(0, border), text: setting.slice(border + 1) }, fits);
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

interface Setting {
  readonly path: string;
  readonly text: string;
}

function replace(recipe: object, { path, text }: Setting, fits: Fits | null): void {
  const keys = path.split(".");
  const last = keys.pop() ?? "";
  let holder: unknown = recipe;
  for (const key of keys) holder = entry(holder, key);
  const present = entry(holder, last);
  if (present === undefined && isObject(holder) && fits !== null && add(recipe, { holder, last, path, text }, fits))
    return;
  if (!isObject(holder) || !isScalar(present)) throw noScalar(recipe, path, present);
  const own = read(text, present);
  const target = holder;
  const found = [own, ...(fits === null ? [] : [scalarOfJson(text), text])].find((value) => {
    if (value === undefined) return false;
    Reflect.set(target, last, value);
    return fits === null || fits(recipe, path) === "fits";
  });
  if (found !== undefined) return;
  if (own === undefined) throw ofAnotherKind(path, text, present);
  // What is wrong with it is said when the recipe is checked whole.
  Reflect.set(target, last, own);
}

interface Addition extends Setting {
  readonly holder: object;
  readonly last: string;
}

/** Sets a key that a recipe may have and does not; `false` where there is no such key. */
function add(recipe: object, { holder, last, path, text }: Addition, fits: Fits): boolean {
  if (Array.isArray(holder)) return false;
  const values = [scalarOfJson(text), text].filter((value) => value !== undefined);
  const found = values.map((value) => {
    Reflect.set(holder, last, value);
    return { value, fit: fits(recipe, path) };
  });
  // What is wrong with a value is said when the recipe is checked whole.
  const own = found.find(({ fit }) => fit === "fits") ?? found.find(({ fit }) => fit === "another value");
  if (own === undefined) Reflect.deleteProperty(holder, last);
  else Reflect.set(holder, last, own.value);
  return own !== undefined;
}

function noScalar(recipe: object, path: string, present: unknown): InputError {
  const known = paths(recipe);
  const below = known.filter((candidate) => candidate.startsWith(`${path}.`));
  if (isObject(present) && below.length > 0)
    return new InputError(`--set ${path}: expected a single value, got a group; its values are ${below.join(", ")}`);
  return new InputError(`--set ${path}: expected a key of the recipe, got an unknown one${didYouMean(path, known)}`);
}

/** The value as the kind of scalar that stands there; `undefined` where it is none. */
function read(text: string, present: Scalar): Scalar | undefined {
  if (typeof present === "string") return text;
  const value = scalarOfJson(text);
  if (present === null) return value === undefined ? text : value;
  return typeof value === typeof present ? value : undefined;
}

function ofAnotherKind(path: string, text: string, present: Scalar): InputError {
  const expected = typeof present === "number" ? "a number" : "true or false";
  return new InputError(`--set ${path}: expected ${expected} (the recipe has ${present}), got "${text}"`);
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
