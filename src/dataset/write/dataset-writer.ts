import { isDeepStrictEqual } from "node:util";
import { z } from "zod";
import { InputError } from "../../input-error.ts";
import type { Libav } from "../libav.ts";
import { reason } from "../problem.ts";
import { openDataset } from "../read/open.ts";
import { countingColumns, infoOf, type WrittenDescription, type WrittenFrame } from "./description.ts";
import { EpisodeBuffer } from "./episode.ts";
import { WrittenFolder } from "./folder.ts";
import { type RecordingState, readState, refuseFull, statePath } from "./recording-state.ts";
import { type FeatureStatistics, PictureTally, VectorTally } from "./statistics.ts";
import type { EpisodeStore, FinishedEpisode } from "./store.ts";
import { StoreV2 } from "./store-v2.ts";
import { StoreV3 } from "./store-v3.ts";
import { needLibav } from "./video.ts";

/**
 * Writes a LeRobot dataset, episode by episode.
 *
 * After each `finishEpisode` the folder holds a whole dataset of the episodes so far, on the disk: a crash loses the running
 * episode at most, and `resume` goes on behind the last whole one, to the same bytes as without the interruption. Where episodes can be
 * made again, several may be put there together: each time costs tens of milliseconds, and a crash then loses those that were not.
 */
export class DatasetWriter {
  readonly #folder: WrittenFolder;
  readonly #description: WrittenDescription;
  readonly #libav: Libav;
  readonly #store: EpisodeStore;
  readonly #vectors: ReadonlyMap<string, VectorTally>;
  readonly #pictures: ReadonlyMap<string, PictureTally>;
  readonly #together: number;
  /** With the episodes that are not on the disk yet. */
  #state: RecordingState;
  readonly #unsaved: FinishedEpisode[] = [];
  /** Instructions that the folder lists. */
  #savedTasks: number;
  readonly #running = new Map<number, EpisodeBuffer>();
  /** Episodes that were begun, for names of their unfinished files. */
  #begun = 0;

  private constructor(parts: WriterParts, together: number) {
    this.#together = together;
    this.#folder = parts.folder;
    this.#description = parts.description;
    this.#libav = parts.libav;
    this.#state = parts.state;
    this.#savedTasks = parts.state.tasks.length;
    this.#store = parts.store;
    this.#vectors = parts.vectors;
    this.#pictures = parts.pictures;
  }

  /**
   * A writer of a new dataset.
   *
   * @param root a folder that is empty or not there yet
   * @param together episodes that are put on the disk at a time; no byte depends on it
   * @throws InputError if something is in the folder, it cannot be written, or `node-av` is missing
   */
  static async create(root: string, description: WrittenDescription, together = 1): Promise<DatasetWriter> {
    await refuseFull(root);
    const parts = await partsOf(root, description, {
      description: plain(description),
      isFinished: false,
      frames: 0,
      tasks: [],
      episodes: 0,
      progress: {},
      pictures: {},
      cursor: null,
    });
    await parts.folder.put(statePath, `${JSON.stringify(parts.state)}\n`);
    await parts.folder.commit();
    return new DatasetWriter(parts, together);
  }

  /**
   * A writer that goes on with an interrupted recording.
   *
   * @throws InputError if there is none, it is finished, or it was of another description
   */
  static async resume(root: string, description: WrittenDescription, together = 1): Promise<DatasetWriter> {
    const state = await readState(root);
    if (state === null) throw new InputError(`${root}: expected an interrupted recording, got none; record anew`);
    if (state.isFinished) throw new InputError(`${root}: expected an interrupted recording, got a finished one`);
    const differing = differences(state.description, plain(description));
    if (differing.length > 0)
      throw new InputError(
        `${root}: expected a recording like the interrupted one, got another ${differing.join(", ")}`,
      );
    const parts = await partsOf(root, description, state);
    if (state.episodes > 0) await takeIn(root, state.episodes, parts.vectors);
    return new DatasetWriter(parts, together);
  }

  /** Whole episodes so far. */
  get episodes(): number {
    return this.#state.episodes;
  }

  /** Frames of whole episodes so far. */
  get frames(): number {
    return this.#state.frames;
  }

  /** What the last `finishEpisode` was given; empty at first. */
  get progress(): Readonly<Record<string, number>> {
    return this.#state.progress;
  }

  /**
   * Adds a frame to a running episode.
   *
   * @param run which of the episodes that run at the same time
   */
  add(frame: WrittenFrame, run = 0): void {
    const parts = { libav: this.#libav, folder: this.#folder, description: this.#description };
    const episode = this.#running.get(run) ?? new EpisodeBuffer(parts, String(this.#begun++));
    this.#running.set(run, episode);
    episode.add(frame);
  }

  /** Gives a running episode up. */
  dropEpisode(run = 0): void {
    this.#running.get(run)?.abandon();
    this.#running.delete(run);
  }

  /**
   * Ends a running episode and puts it on the disk, where it is the last of those that are put there together; until then no episode of the
   * same run may begin, nor another be ended.
   *
   * @param progress what `resume` is to know of the maker of the frames
   * @throws RangeError if no frame was added
   */
  async finishEpisode(progress: Readonly<Record<string, number>>, run = 0): Promise<void> {
    const buffer = this.#running.get(run);
    if (buffer === undefined || buffer.isEmpty) throw new RangeError("finishEpisode: expected frames, got none");
    this.#running.delete(run);
    const known = new Set(this.#state.tasks);
    const tasks = [...this.#state.tasks, ...buffer.tasks.filter((task) => !known.has(task))];
    const { episodes, frames } = this.#state;
    const position = { index: episodes, firstRow: frames, tasks };
    const episode = buffer.finish(position);
    for (const [key, rows] of buffer.rows(position)) this.#vectors.get(key)?.add(rows);
    for (const [key, tally] of buffer.pictures) this.#pictures.get(key)?.join(tally);
    this.#unsaved.push(episode);
    const state = {
      ...this.#state,
      tasks,
      progress: { ...progress },
      episodes: episodes + 1,
      frames: frames + episode.length,
    };
    this.#state = state;
    if (state.episodes % this.#together === 0) await this.#saveEpisodes();
  }

  /** Gives running episodes up and marks the recording as finished. */
  async finish(): Promise<void> {
    this.#dropAll();
    await this.#saveEpisodes();
    await this.#save({ ...this.#state, isFinished: true });
    await this.#folder.finish();
  }

  /** Leaves the recording as it stands, to be gone on with. */
  async leave(): Promise<void> {
    this.#dropAll();
    await this.#saveEpisodes();
    await this.#folder.finish();
  }

  async #saveEpisodes(): Promise<void> {
    const episodes = this.#unsaved.splice(0);
    if (episodes.length === 0) return;
    const { tasks } = this.#state;
    await this.#store.putFrames(episodes);
    if (tasks.length > this.#savedTasks) await this.#store.putTasks(tasks);
    await this.#store.putStatistics(this.#statistics());
    await this.#store.putRecords(episodes);
    this.#savedTasks = tasks.length;
    await this.#save({ ...this.#state, pictures: this.#histograms(), cursor: this.#store.cursor() });
  }

  #dropAll(): void {
    for (const run of [...this.#running.keys()]) this.dropEpisode(run);
  }

  async #save(state: RecordingState): Promise<void> {
    const totals = { episodes: state.episodes, frames: state.frames, tasks: state.tasks.length };
    await this.#folder.put("meta/info.json", `${JSON.stringify(infoOf(this.#description, totals), null, 4)}\n`);
    await this.#folder.put(statePath, `${JSON.stringify(state)}\n`);
    await this.#folder.commit();
    this.#state = state;
  }

  #statistics(): ReadonlyMap<string, FeatureStatistics> {
    const tallies = [...this.#vectors, ...this.#pictures];
    return new Map(tallies.map(([key, tally]) => [key, tally.statistics()]));
  }

  #histograms(): Record<string, number[][]> {
    const counts = [...this.#pictures].map(([key, tally]) => [key, tally.counts.map((channel) => [...channel])]);
    return Object.fromEntries(counts);
  }
}

interface WriterParts {
  readonly folder: WrittenFolder;
  readonly description: WrittenDescription;
  readonly libav: Libav;
  readonly state: RecordingState;
  readonly store: EpisodeStore;
  readonly vectors: ReadonlyMap<string, VectorTally>;
  readonly pictures: ReadonlyMap<string, PictureTally>;
}

async function partsOf(root: string, description: WrittenDescription, state: RecordingState): Promise<WriterParts> {
  const libav = await needLibav();
  const folder = new WrittenFolder(root);
  try {
    await folder.begin();
  } catch (error) {
    throw new InputError(`${root}: expected a folder that can be written, got ${reason(error)}; choose another`);
  }
  const { version, vectors, cameras } = description;
  const widths = [
    ...vectors.flatMap(({ key, names, type }) => (type === "float64" ? [] : [[key, names.length] as const])),
    ...Object.keys(countingColumns).map((key) => [key, 1] as const),
  ];
  const tally = (key: string) => {
    const counts = state.pictures[key];
    return counts === undefined ? PictureTally.empty() : new PictureTally(counts, state.frames);
  };
  return {
    folder,
    description,
    libav,
    state,
    store:
      version === "v2.1"
        ? new StoreV2(folder, description, state.cursor)
        : new StoreV3(folder, description, libav, state.cursor),
    vectors: new Map(widths.map(([key, width]) => [key, new VectorTally(width)])),
    pictures: new Map(cameras.map(({ key }) => [key, tally(key)])),
  };
}

/** Takes the numbers of episodes that are on the disk into tallies again. */
async function takeIn(root: string, episodes: number, tallies: ReadonlyMap<string, VectorTally>): Promise<void> {
  const dataset = await openDataset(root, {
    name: root,
    episodes: [...Array(episodes).keys()],
    taskAnnotation: "none",
    pictureMemoryBytes: 0,
  });
  for (let episode = 0; episode < episodes; episode++) {
    const table = await dataset.table(episode);
    for (const [key, tally] of tallies) tally.add(table.vector(key).cells);
  }
  await dataset.close();
}

/** As JSON gives it back. */
function plain(description: WrittenDescription): Record<string, unknown> {
  return z.record(z.string(), z.unknown()).parse(JSON.parse(JSON.stringify(description)));
}

function differences(one: Readonly<Record<string, unknown>>, other: Readonly<Record<string, unknown>>): string[] {
  const keys = new Set([...Object.keys(one), ...Object.keys(other)]);
  return [...keys].filter((key) => !isDeepStrictEqual(one[key], other[key]));
}
