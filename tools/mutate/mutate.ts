import { InputError } from "../../src/input-error.ts";
import { withSyntax } from "../syntax.ts";
import { WorkCopy } from "./copy.ts";
import { findGuards } from "./find.ts";
import { type Guard, without } from "./guard.ts";
import { importersIn, testsOf } from "./order.ts";
import { type NoEnd, runTrial, type Verdict } from "./trial.ts";

export interface MutateOptions {
  readonly tree: string;
  /** Only guards in files at or below this path from the root; "" for all. */
  readonly below: string;
  /** How many guards are tried side by side, each in a copy of the tree. */
  readonly jobs: number;
  readonly stop: AbortSignal;
}

/** What the tests say of code without a guard. */
export interface Fate {
  readonly guard: Guard;
  /** "does not run": the edit broke the file, which says nothing about the guard. */
  readonly verdict: "killed" | "survived" | "does not run";
  /** The first test that failed; what ended the tests else. */
  readonly by: string;
  readonly seconds: number;
}

export interface Watcher {
  begins(guards: number): void;
  tried(fate: Fate, done: number): void;
}

/** Far beyond what all tests of one guard take. */
const limitMs = 1_200_000;

/**
 * Takes away each guard of the code in turn and runs the tests that may notice, up to the first that fails.
 *
 * @throws InputError where there is no guard, or tests fail on the code as it is
 */
export async function mutate(options: MutateOptions, watcher: Watcher): Promise<Fate[]> {
  const { tree, below, jobs, stop } = options;
  const guards = withSyntax(tree, "src", findGuards).filter(({ path }) => isBelow(path, below));
  if (guards.length === 0) throw new InputError(`mutate: expected guards at or below "${below}", got none`);
  const importers = importersIn(tree);
  const tests = new Map([...new Set(guards.map(({ path }) => path))].map((path) => [path, testsOf(path, importers)]));
  const copies = await Promise.all(Array.from({ length: jobs }, () => WorkCopy.of(tree)));
  try {
    watcher.begins(guards.length);
    const fates: Fate[] = [];
    const passing = new Map<string, Promise<void>>();
    await eachInTurn(copies, guards, async (copy, guard) => {
      const { file, ...fate } = await fateOf(copy, guard, tests.get(guard.path)!, stop);
      if (file !== null) {
        const known = passing.get(file) ?? expectPassing(copy, file, stop);
        passing.set(file, known);
        await known;
      }
      fates.push(fate);
      watcher.tried(fate, fates.length);
    });
    return fates.toSorted((one, other) => guards.indexOf(one.guard) - guards.indexOf(other.guard));
  } finally {
    await Promise.all(copies.map((copy) => copy.remove()));
  }
}

function isBelow(path: string, below: string): boolean {
  return below === "" || path === below || path.startsWith(`${below}/`);
}

/** A test that fails on the code as it is would notice everything. */
async function expectPassing({ folder }: WorkCopy, file: string, stop: AbortSignal): Promise<void> {
  const verdict = await runTrial({ folder, tests: [file], bail: false }, limitMs, stop);
  const failing =
    typeof verdict === "string" ? [verdict] : verdict.failures.map(({ test }) => test ?? "the file itself");
  if (failing.length > 0)
    throw new InputError(`mutate: expected tests that pass on the code as it is, got ${file} > ${failing.join("; ")}`);
}

/** Hands out the work, each piece to whichever worker is free. */
async function eachInTurn<W, P>(workers: readonly W[], pieces: readonly P[], work: (worker: W, piece: P) => unknown) {
  const left = pieces.values();
  await Promise.all(
    workers.map(async (worker) => {
      for (const piece of left) await work(worker, piece);
    }),
  );
}

/** What becomes of code without a guard, and the file of tests that has noticed. */
async function fateOf(copy: WorkCopy, guard: Guard, tests: readonly string[], stop: AbortSignal) {
  const began = performance.now();
  const run = () => runTrial({ folder: copy.folder, tests, bail: true }, limitMs, stop);
  const verdict = await copy.having(guard.path, (text) => without(guard, text), run);
  return { guard, ...judged(verdict), seconds: (performance.now() - began) / 1000 };
}

/** How a file ends whose text names what it does not have, or is no program. */
const brokenEdit = /^(ReferenceError|SyntaxError)|PARSE_ERROR|Transform failed/;

function judged(verdict: Verdict | NoEnd): Pick<Fate, "verdict" | "by"> & { readonly file: string | null } {
  if (typeof verdict === "string")
    return { verdict: verdict === "a crash" ? "killed" : "survived", by: verdict, file: null };
  // A slow machine notices nothing.
  const first = verdict.failures.find(({ error }) => !/timed out/.test(error));
  if (first === undefined) return { verdict: "survived", by: `${verdict.passed} tests passed`, file: null };
  const { file, test, error } = first;
  if (brokenEdit.test(error)) return { verdict: "does not run", by: `${file}: ${error}`, file: null };
  return { verdict: "killed", by: `${file} > ${test ?? error}`, file };
}
