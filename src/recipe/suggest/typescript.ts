import { isDeepStrictEqual } from "node:util";
import { soundConventions } from "../../checkpoint/conventions.ts";
import { usualAugmentation } from "../../embodiment/augment.ts";
import type { Recipe } from "../schema.ts";
import type { Note } from "./note.ts";

/** Longest line that a list or an object stands on. */
const lineLength = 120;

/**
 * A recipe as a TypeScript file that exports it, each note a comment before its value. Values that the package has a name for stand
 * under it.
 */
export function recipeSource(recipe: Recipe, notes: readonly Note[]): string {
  const written = valueSource({ value: recipe, path: "", indent: 0 }, commentsOf(notes));
  const used = Object.keys(names).filter((name) => new RegExp(`\\b${name},`).test(written));
  const imported = ["type Recipe", ...used].join(", ");
  return [
    `import { ${imported} } from "armature";`,
    "",
    "// Written by `armature recipe`. What was guessed has a comment; every key is explained in docs/your-data.md and recipes/.",
    `export const recipe: Recipe = ${written};`,
    "",
  ].join("\n");
}

/** What the package exports that stands in recipes. */
const names: Readonly<Record<string, object>> = { soundConventions, usualAugmentation };

/** One value in its place. */
interface Placed {
  readonly value: unknown;
  readonly path: string;
  /** Of the line that it begins on. */
  readonly indent: number;
}

type Comments = ReadonlyMap<string, readonly string[]>;

/** A comment ends with its line, so a text from a dataset must not end it. */
function commentsOf(notes: readonly Note[]): Comments {
  const lines = notes.map(({ path, text }) => ({ path, line: `// ${text.replaceAll(/\s+/gu, " ").trim()}` }));
  return new Map([...Map.groupBy(lines, ({ path }) => path)].map(([path, all]) => [path, all.map(({ line }) => line)]));
}

function valueSource(placed: Placed, comments: Comments): string {
  const { value, path, indent } = placed;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const name = Object.entries(names).find(([, known]) => isDeepStrictEqual(known, value))?.[0];
  if (name !== undefined) return name;
  const isList = Array.isArray(value);
  const parts = Object.entries(value).map(([key, each]): Part => {
    const inside = path === "" ? key : `${path}.${key}`;
    const own = valueSource({ value: each, path: inside, indent: indent + 2 }, comments);
    return { text: isList ? own : `${keySource(key)}: ${own}`, comments: comments.get(inside) ?? [] };
  });
  return joined(parts, isList ? listBrackets : objectBrackets, placed);
}

/** A value of a list or an object, with the comments before it. */
interface Part {
  readonly text: string;
  readonly comments: readonly string[];
}

const listBrackets = { open: "[", close: "]", space: "" };
const objectBrackets = { open: "{", close: "}", space: " " };

/** On one line where they fit on it and have no comments, else each on its own. */
function joined(parts: readonly Part[], brackets: typeof listBrackets, { path, indent }: Placed): string {
  const { open, close, space } = brackets;
  if (parts.length === 0) return `${open}${close}`;
  const line = `${open}${space}${parts.map(({ text }) => text).join(", ")}${space}${close}`;
  const before = indent + (path.split(".").at(-1) ?? "").length + ": ,".length;
  const isPlain = path !== "" && parts.every(({ text, comments }) => comments.length === 0 && !text.includes("\n"));
  if (isPlain && before + line.length <= lineLength) return line;
  const margin = " ".repeat(indent + 2);
  const lines = parts.flatMap(({ text, comments }) => [...comments, `${text},`]).map((each) => `${margin}${each}`);
  return [open, ...lines, `${" ".repeat(indent)}${close}`].join("\n");
}

function keySource(key: string): string {
  return /^[A-Za-z_$][\w$]*$/.test(key) ? key : JSON.stringify(key);
}
