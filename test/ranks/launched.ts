import { findLaunchers, type Launcher } from "../../src/ranks/mpi/testing/launcher.ts";
import { awkward, beginUnder, jsonOf, type Running } from "../end-to-end/command.ts";

/** Open MPI's launcher, if this machine has it. */
export const launcher = findLaunchers().find(({ name }) => name === "Open MPI");

/** What a test's name ends with where it is skipped. */
export const skipped = launcher === undefined ? " (skipped: openmpi-bin is not installed)" : "";

/** For Open MPI to leave a rank alone after SIGTERM: on a busy machine a step and its checkpoint may take more than its second. */
const patience = ["--mca", "odls_base_sigkill_timeout", "3"];

/** Starts `armature` on so many ranks, more than there are cores if need be. */
export function beginOnRanks(ranks: number, ...words: readonly string[]): Running {
  const { command, options } = found();
  return beginUnder([command, ...options, ...patience, "--bind-to", "none", "-np", String(ranks)], ...words);
}

/** What `armature … --json` prints on so many ranks. */
export async function onRanks(ranks: number, ...words: readonly string[]): Promise<Record<string, unknown>> {
  return jsonOf(await beginOnRanks(ranks, ...words, "--json").finished);
}

const settings = ["batch.size=11", "optimizer.steps=50", "validation.everySteps=25", "checkpoint.everySteps=10"];

/** Words that train the recipe of these tests: four micro-batches a step, of which the last has fewer samples, and fifty steps. */
export function training(run: string, ...words: readonly string[]): string[] {
  return trainingOf(awkward, run, ...words);
}

/** The same of another recipe. */
export function trainingOf(recipe: string, run: string, ...words: readonly string[]): string[] {
  return ["train", recipe, "--out", run, ...settings.flatMap(set), ...words];
}

export function set(setting: string): string[] {
  return ["--set", setting];
}

function found(): Launcher {
  if (launcher === undefined) throw new Error("expected Open MPI's launcher; the test should have been skipped");
  return launcher;
}
