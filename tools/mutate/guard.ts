/**
 * What keeps padding, or weights under other conventions, out.
 *
 * selection: raw cells that are not real give way to a constant. fact: one of the facts that make up a validity. key mask: what hides
 * keys, or queries, from attention. rule: the question whether a rule of padding holds. count: what a sum is divided by, and what an
 * empty group is told by. convention: the comparison of what weights were trained under with what they run under, and each
 * choice that a convention makes.
 */
export const guardKinds = ["selection", "fact", "key mask", "rule", "count", "convention"] as const;

export type GuardKind = (typeof guardKinds)[number];

/** One edit of one source file after which a guard is missing. */
export interface Guard {
  readonly kind: GuardKind;
  /** From the root of the repository, `/` between folders. */
  readonly path: string;
  /** From 1. */
  readonly line: number;
  /** Where in the text what is replaced begins and ends. */
  readonly start: number;
  readonly end: number;
  /** What stands there, on one line. */
  readonly before: string;
  /** What stands there without the guard. */
  readonly after: string;
}

/** The text of a file without the guard. */
export function without({ start, end, after }: Guard, text: string): string {
  return text.slice(0, start) + after + text.slice(end);
}

/** Names a guard in tables: `src/policy/prefix.ts:48`. */
export function placeOf({ path, line }: Guard): string {
  return `${path}:${line}`;
}
