import { createHash } from "node:crypto";
import { appendFileSync, existsSync, mkdirSync, readFileSync } from "node:fs";
import { dirname } from "node:path";
import { z } from "zod";

/** One change of one place, as StrykerJS makes it. */
export const mutantSchema = z.strictObject({
  /** From the root of the repository. */
  path: z.string(),
  /** From 1, as is the column. */
  line: z.number(),
  column: z.number(),
  /** StrykerJS's name of the kind: `ArithmeticOperator`. */
  mutator: z.string(),
  /** The line on which it begins, without the spaces around it. */
  code: z.string(),
  /** What is replaced, up to the end of its first line. */
  before: z.string(),
  after: z.string(),
});
export type Mutant = z.infer<typeof mutantSchema>;

const fates = ["Killed", "Timeout", "Survived", "NoCoverage", "RuntimeError"] as const;
export type MutantFate = (typeof fates)[number];

/** A mutant and what became of it under the sources and tests of that time. */
const recordSchema = z.strictObject({
  mutant: mutantSchema,
  fate: z.enum(fates),
  /** The first test that failed; empty where none did. */
  by: z.string(),
  /** Digests of the mutated file and of the tests that were run. */
  source: z.string(),
  tests: z.string(),
});
export type MutantRecord = z.infer<typeof recordSchema>;

/** Digests of what a mutant's fate rests on. */
export interface Ground {
  readonly source: string;
  readonly tests: string;
}

/** Every record of a file, the oldest first; none where there is no file. */
export function readLedger(file: string): MutantRecord[] {
  if (!existsSync(file)) return [];
  const lines = readFileSync(file, "utf8").split("\n");
  // A run that is stopped may leave half a line at the end.
  return lines.slice(0, -1).map((line) => recordSchema.parse(JSON.parse(line)));
}

export function writeRecord(file: string, record: MutantRecord): void {
  mkdirSync(dirname(file), { recursive: true });
  appendFileSync(file, `${JSON.stringify(record)}\n`);
}

/** What tells one mutant of the same sources from every other: of `a || b` each of the two becomes `false` at one place. */
export function identity({ path, line, column, mutator, before, after }: Mutant): string {
  return JSON.stringify([path, line, column, mutator, before, after]);
}

/**
 * Whether what is known of a mutant still holds: a change of its file undoes everything; a killed mutant stays killed when tests
 * are added, and survivors are to be tried again.
 */
export function isSettled({ fate, source, tests }: MutantRecord, ground: Ground): boolean {
  return source === ground.source && (fate === "Killed" || fate === "Timeout" || tests === ground.tests);
}

/** The same number in [0, 1) for the same mutant and seed. */
export function lot({ path, line, column, mutator, after }: Mutant, seed: number): number {
  const words = JSON.stringify([path, line, column, mutator, after]);
  return createHash("sha256").update(`${seed} ${words}`).digest().readUInt32BE() / 2 ** 32;
}

/** A digest of texts in their order. */
export function digest(texts: readonly string[]): string {
  const hash = createHash("sha256");
  for (const text of texts) hash.update(text).update("\0");
  return hash.digest("hex").slice(0, 16);
}
