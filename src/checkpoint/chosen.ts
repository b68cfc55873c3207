import { basename, dirname, resolve } from "node:path";
import { InputError } from "../input-error.ts";
import { checkpointFolder, listCheckpoints, passedOver, type StoredCheckpoint } from "./store.ts";

/** A checkpoint, and what the user should know of it. */
export interface ChosenCheckpoint extends StoredCheckpoint {
  /** Newer ones that are not whole. */
  readonly notes: readonly string[];
}

/** The folder of the run that a path names: a run's own, or that above one of its checkpoints. */
export function runOf(path: string): string {
  return stepOf(path) === null ? path : dirname(dirname(resolve(path)));
}

/**
 * The checkpoint that a path names: the newest whole one of a run's folder, or the one whose folder it is.
 *
 * @param path `runs/wide`, or `runs/wide/checkpoints/000200`
 * @throws InputError where it is not there, or not whole
 */
export async function chosenCheckpoint(path: string): Promise<ChosenCheckpoint> {
  const step = stepOf(path);
  if (step === null) {
    const { whole, damaged } = await listCheckpoints(path);
    const newest = whole.at(-1);
    if (newest !== undefined) {
      const newer = damaged.filter(({ folder }) => Number(basename(folder)) > newest.step);
      return { ...newest, notes: newer.map(passedOver) };
    }
    const last = damaged.at(-1);
    if (last === undefined) throw new InputError(`${path}: expected a run with a checkpoint, got none`);
    throw new InputError(`${path}: expected a whole checkpoint, got ${last.folder}: ${last.reason}`);
  }
  const { whole, damaged } = await listCheckpoints(runOf(path));
  const found = whole.find((checkpoint) => checkpoint.step === step);
  if (found !== undefined) return { ...found, notes: [] };
  const reason = damaged.find(({ folder }) => basename(folder) === basename(path))?.reason;
  const steps = whole.map((checkpoint) => checkpoint.step).join(", ") || "none";
  throw new InputError(
    `${path}: expected a whole checkpoint, got ${reason ?? "nothing there"}; the run's whole ones are of step ${steps}`,
  );
}

/** The step that a checkpoint's folder is named after; `null` where a path is none's. */
function stepOf(path: string): number | null {
  const step = Number(basename(path));
  return checkpointFolder(dirname(dirname(resolve(path))), step) === resolve(path) ? step : null;
}
