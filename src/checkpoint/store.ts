import { mkdir, readdir, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { InputError } from "../input-error.ts";
import { type CheckpointFacts, checkpointFiles, readManifest, writeFiles, writeStreamedFiles } from "./checkpoint.ts";
import { isAbsent, isOutOfRoom, syncFolder } from "./durable.ts";
import { inTurn, type StreamedParameters, type Weights, type WeightsInTurn } from "./weights.ts";

/** A checkpoint that is whole: every file is there at its full length. */
export interface StoredCheckpoint {
  readonly step: number;
  readonly folder: string;
}

/** The checkpoints of a run. */
export interface CheckpointList {
  /** By ascending step. */
  readonly whole: readonly StoredCheckpoint[];
  /** What stands under a checkpoint's name and is none, with the reason. */
  readonly damaged: readonly { readonly folder: string; readonly reason: string }[];
}

/** What a folder that is still written, or already deleted, is called: no reader looks at it. */
const partial = ".partial";

/** Where the checkpoint of a step stands. */
export function checkpointFolder(run: string, step: number): string {
  return join(run, "checkpoints", stepName(step));
}

/**
 * Writes a checkpoint so that it is either whole or not there, whenever the process or the machine stops.
 *
 * It replaces one of the same step. The arrays must not change before the promise resolves.
 *
 * @returns its folder
 * @throws InputError where the disk is full; the checkpoints that were there stay
 */
export async function writeCheckpoint(run: string, facts: CheckpointFacts, weights: Weights): Promise<string> {
  return await putCheckpoint(run, facts.step, (folder) => writeFiles(folder, facts, inTurn(weights)));
}

/** The same of weights whose kinds are asked for one after the other. @throws InputError as `writeCheckpoint` */
export async function writeCheckpointInTurn(
  run: string,
  facts: CheckpointFacts,
  weights: WeightsInTurn,
): Promise<string> {
  return await putCheckpoint(run, facts.step, (folder) => writeFiles(folder, facts, weights));
}

/**
 * The same with parameters that are read on the way, and without moments: as weights come from elsewhere.
 *
 * @throws InputError as `writeCheckpoint`, and whatever reading them throws; nothing is left then
 */
export async function writeStreamedCheckpoint(
  run: string,
  facts: CheckpointFacts,
  parameters: StreamedParameters,
): Promise<string> {
  return await putCheckpoint(run, facts.step, (folder) => writeStreamedFiles(folder, facts, parameters));
}

async function putCheckpoint(run: string, step: number, write: (folder: string) => Promise<void>): Promise<string> {
  const folder = checkpointFolder(run, step);
  const unfinished = `${folder}${partial}`;
  try {
    await mkdir(join(run, "checkpoints"), { recursive: true });
    await removePartial(run);
    await mkdir(unfinished);
    await write(unfinished);
    await syncFolder(unfinished);
    const replaced = await setAside(folder);
    await rename(unfinished, folder);
    await syncFolder(join(run, "checkpoints"));
    await syncFolder(run);
    await rm(replaced, { recursive: true, force: true });
  } catch (error) {
    await rm(unfinished, { recursive: true, force: true });
    throw isOutOfRoom(error)
      ? new InputError(
          `${folder}: expected room for a checkpoint, got a full disk; free some, earlier checkpoints are whole`,
        )
      : error;
  }
  return folder;
}

/** The checkpoints of a run, looked at by name and length; hashes are verified when one is read. */
export async function listCheckpoints(run: string): Promise<CheckpointList> {
  const names = (await namesIn(join(run, "checkpoints"))).filter(isStepName);
  const whole: StoredCheckpoint[] = [];
  const damaged: { folder: string; reason: string }[] = [];
  for (const step of names.map(Number).sort((one, other) => one - other)) {
    const folder = checkpointFolder(run, step);
    const reason = await whyIncomplete(folder, step);
    if (reason === null) whole.push({ step, folder });
    else damaged.push({ folder, reason });
  }
  return { whole, damaged };
}

/** What a user should know of a checkpoint that is none and in whose place another is read. */
export function passedOver({ folder, reason }: CheckpointList["damaged"][number]): string {
  return `${folder} is not whole and is passed over: ${reason}`;
}

/** The whole checkpoint of the highest step; `null` where a run has none yet. */
export async function latestCheckpoint(run: string): Promise<StoredCheckpoint | null> {
  return (await listCheckpoints(run)).whole.at(-1) ?? null;
}

/**
 * Deletes all but the last checkpoints and the best one.
 *
 * @param keepLast how many of the highest steps stay
 * @param best step of the best one; `null` where there is none yet
 */
export async function pruneCheckpoints(run: string, keepLast: number, best: number | null): Promise<void> {
  const { whole } = await listCheckpoints(run);
  const kept = new Set([...whole.slice(-keepLast).map(({ step }) => step), best]);
  for (const { step, folder } of whole) if (!kept.has(step)) await rm(await setAside(folder), { recursive: true });
}

/** Takes a checkpoint's name from it, so that none is ever seen half deleted; gives the name under which to delete it. */
async function setAside(folder: string): Promise<string> {
  const leaving = `${folder}.old${partial}`;
  await rename(folder, leaving).catch((error: unknown) => {
    if (!isAbsent(error)) throw error;
  });
  return leaving;
}

/** What a process that was killed left behind. */
async function removePartial(run: string): Promise<void> {
  const folder = join(run, "checkpoints");
  for (const name of await namesIn(folder))
    if (name.endsWith(partial)) await rm(join(folder, name), { recursive: true });
}

async function whyIncomplete(folder: string, step: number): Promise<string | null> {
  try {
    const manifest = await readManifest(folder);
    if (manifest.step !== step) return `expected the manifest of step ${step}, got that of step ${manifest.step}`;
    for (const kind of ["parameters", "optimizer", "ema"] as const) {
      const written = manifest.files[kind];
      if (written === null) continue;
      const { size } = await stat(join(folder, checkpointFiles[kind]));
      if (size !== written.bytes) return `${checkpointFiles[kind]}: expected ${written.bytes} bytes, got ${size}`;
    }
    return null;
  } catch (error) {
    if (error instanceof InputError || (isAbsent(error) && error instanceof Error)) return error.message;
    throw error;
  }
}

function stepName(step: number): string {
  return String(step).padStart(6, "0");
}

function isStepName(name: string): boolean {
  return /^\d+$/.test(name) && name === stepName(Number(name));
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (isAbsent(error)) return [];
    throw error;
  }
}
