import { existsSync } from "node:fs";
import { join } from "node:path";
import { DatasetWriter } from "../../dataset/write/dataset-writer.ts";
import type { WrittenDescription } from "../../dataset/write/description.ts";
import { InputError } from "../../input-error.ts";
import {
  type PictureSizes,
  type RecordableRobot,
  type RecordedFrame,
  rowOf,
  servedDescription,
} from "./recorded-frame.ts";

/** An episode that runs: where it goes, and how many frames of it are there. */
interface Running {
  readonly writer: DatasetWriter;
  readonly sizes: PictureSizes;
  frames: number;
}

/** Frames after which an episode is put on the disk, though its session goes on: what a crash may cost. */
export const longestEpisode = 4096;

/**
 * Recordings of robots in one folder: for each a dataset of its own, and for pictures of other sizes one more.
 *
 * A dataset that is there is gone on with if it is of the same robot, policy and options; else the new one gets a number.
 */
export class RecordingStore {
  readonly #folder: string;
  readonly #robots: readonly RecordableRobot[];
  readonly #longest: number;
  readonly #datasets = new Map<string, DatasetWriter>();
  readonly #running = new Map<number, Running>();
  /** Of each robot's pictures so far. */
  readonly #sizes = new Map<number, PictureSizes>();

  constructor(folder: string, robots: readonly RecordableRobot[], longest: number) {
    this.#folder = folder;
    this.#robots = robots;
    this.#longest = longest;
  }

  /** Adds a frame to the episode of a session, which begins with it if need be. */
  async add(session: number, robot: number, frame: RecordedFrame): Promise<void> {
    const own = this.#robots[robot];
    if (own === undefined) throw new RangeError(`recording: expected one of ${this.#robots.length} robots`);
    const before = this.#running.get(session);
    const known = before?.sizes ?? this.#sizes.get(robot);
    const sizes = sizesOf(own, frame, known);
    this.#sizes.set(robot, sizes);
    if (before !== undefined && !isSame(before.sizes, sizes)) await this.end(session);
    const running = this.#running.get(session) ?? { writer: await this.#dataset(own, sizes), sizes, frames: 0 };
    this.#running.set(session, running);
    running.writer.add(rowOf(frame, own, sizes), session);
    if (++running.frames >= this.#longest) await this.end(session);
  }

  /** Puts the episode of a session on the disk, if there is one. */
  async end(session: number): Promise<void> {
    const running = this.#running.get(session);
    this.#running.delete(session);
    await running?.writer.finishEpisode({}, session);
  }

  /** Puts every running episode on the disk and leaves the datasets whole, to be gone on with. */
  async close(): Promise<void> {
    for (const session of [...this.#running.keys()]) await this.end(session);
    for (const writer of this.#datasets.values()) await writer.leave();
  }

  async #dataset(robot: RecordableRobot, sizes: PictureSizes): Promise<DatasetWriter> {
    const key = JSON.stringify([robot.name, ...sizes]);
    const known = this.#datasets.get(key);
    if (known !== undefined) return known;
    const opened = await openDataset(join(this.#folder, robot.name), servedDescription(robot, sizes));
    this.#datasets.set(key, opened);
    return opened;
  }
}

/** Under the path as it is, or, where something else is there, with the first number from 2 that fits. */
async function openDataset(path: string, description: WrittenDescription): Promise<DatasetWriter> {
  for (let number = 1; ; number++) {
    const place = number === 1 ? path : `${path}-${number}`;
    if (!existsSync(place)) return await DatasetWriter.create(place, description);
    const found = await DatasetWriter.resume(place, description).catch((error: unknown) => {
      if (error instanceof InputError) return null;
      throw error;
    });
    if (found !== null) return found;
  }
}

/** @param known sizes of cameras that give no picture now */
function sizesOf(
  { cameras, pictureSide: side }: RecordableRobot,
  { pictures }: RecordedFrame,
  known: PictureSizes | undefined,
): PictureSizes {
  const seen = new Map(pictures);
  return new Map(
    cameras.map((column) => {
      const { height, width } = seen.get(column) ?? known?.get(column) ?? { height: side, width: side };
      return [column, { height, width }] as const;
    }),
  );
}

function isSame(one: PictureSizes, other: PictureSizes): boolean {
  return JSON.stringify([...one]) === JSON.stringify([...other]);
}
