import { hash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { readSafetensors } from "../../src/checkpoint/safetensors.ts";
import { readEvents } from "../../src/training/event-log.ts";
import { isRecord, type Running } from "./command.ts";

/** What has to be equal to the bit: of a run's last checkpoint every file by name, arrays cell by cell; and its events. */
export type RunContents = Readonly<Record<string, unknown>> & { readonly events?: readonly string[] };

export async function contents(run: string): Promise<RunContents> {
  const checkpoints = await checkpointsOf(run);
  const newest = join(run, "checkpoints", checkpoints.at(-1) ?? "none");
  const names = (await readdir(newest)).filter((name) => name.endsWith(".safetensors")).sort();
  const files = await Promise.all(names.map(async (name) => [name, await arraysAndHash(join(newest, name))] as const));
  const events = (await readEvents(run)).map((event) => JSON.stringify(event));
  return { ...Object.fromEntries(files), "manifest.json": await manifest(newest), events };
}

/** Names in the folder of checkpoints, sorted. */
export async function checkpointsOf(run: string): Promise<string[]> {
  return (await readdir(join(run, "checkpoints")).catch(() => [])).sort();
}

/** Waits until a run has done a step. */
export async function untilStep(run: string, step: number, { child }: Running): Promise<void> {
  while (child.exitCode === null && child.signalCode === null) {
    const events = await readEvents(run);
    if (events.some((event) => event.kind === "step" && event.step >= step)) return;
    await setTimeout(2);
  }
}

/** The manifest without what may differ in a run that computes the same: how many threads load. */
async function manifest(checkpoint: string): Promise<string> {
  const value: unknown = JSON.parse(await readFile(join(checkpoint, "manifest.json"), "utf8"));
  const recipe = isRecord(value) ? value.recipe : null;
  const data = isRecord(recipe) ? recipe.data : null;
  if (isRecord(data)) delete data.workers;
  return JSON.stringify(value);
}

/** The arrays, since they say what differs; the hash, since their file is to be the same as well. */
async function arraysAndHash(path: string) {
  return { arrays: await readSafetensors(path), sha256: hash("sha256", await readFile(path)) };
}
