import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { InputError } from "../../input-error.ts";
import { reason } from "../problem.ts";

/** How a recording stands, beside the dataset that it makes: `meta/recording.json`, written last of an episode's files. */
const stateSchema = z.strictObject({
  description: z.looseObject({}),
  isFinished: z.boolean(),
  frames: z.int().nonnegative(),
  tasks: z.array(z.string()),
  episodes: z.int().nonnegative(),
  /** What the maker of the frames wants to know when it goes on. */
  progress: z.record(z.string(), z.number()),
  pictures: z.record(z.string(), z.array(z.array(z.int().nonnegative()))),
  cursor: z.unknown(),
});

export type RecordingState = Readonly<z.infer<typeof stateSchema>>;

export const statePath = "meta/recording.json";

/** @throws InputError where something is in the folder */
export async function refuseFull(root: string): Promise<void> {
  const found = await readdir(root).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return [];
    throw new InputError(`${root}: expected a new or empty folder, got ${reason(error)}; choose another`);
  });
  if (found.length === 0) return;
  const state = await readState(root);
  if (state !== null && !state.isFinished)
    throw new InputError(
      `${root}: expected a new or empty folder, got an interrupted recording of ${state.episodes} whole episodes; go on with --resume, or choose another folder`,
    );
  throw new InputError(
    `${root}: expected a new or empty folder, got one with ${found.sort().join(", ")}; choose another`,
  );
}

/**
 * What made the frames of a dataset that `DatasetWriter` wrote, and how its pictures are kept; `null` of any other dataset.
 *
 * @throws InputError where its state is damaged
 */
export async function writtenSource(
  root: string,
): Promise<{ readonly source: unknown; readonly codec: unknown } | null> {
  const state = await readState(root);
  return state === null ? null : { source: state.description.source, codec: state.description.codec };
}

/**
 * How the recording of a folder stands; `null` where there is none.
 *
 * @throws InputError where that is damaged
 */
export async function readState(root: string): Promise<RecordingState | null> {
  let text: string;
  try {
    text = await readFile(join(root, statePath), "utf8");
  } catch {
    return null;
  }
  try {
    return stateSchema.parse(JSON.parse(text));
  } catch (error) {
    throw new InputError(`${join(root, statePath)}: expected the state of a recording, got ${reason(error)}`);
  }
}
