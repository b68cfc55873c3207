import { rm, stat } from "node:fs/promises";
import { z } from "zod";
import type { Libav } from "../libav.ts";
import { fillTemplate } from "../path-template.ts";
import { ParquetFile } from "../read/parquet.ts";
import { chunkSize, dataPath, fileMegabytes, videoPath, type WrittenDescription } from "./description.ts";
import type { WrittenFolder } from "./folder.ts";
import type { FeatureStatistics } from "./statistics.ts";
import { type EpisodeStore, type FinishedEpisode, frameFooter } from "./store.ts";
import { tableBytes, type WrittenColumn, withRowGroups } from "./table.ts";
import { joinVideos, type VideoPiece } from "./video.ts";

const count = z.int().nonnegative();
/** A file that episodes join until it is full, and how much of it counts. */
const place = z.strictObject({ file: count, held: count });
/** `bytes`: what the videos that it was joined from had. */
const videoPlace = z.strictObject({ ...place.shape, bytes: count.default(0) });
const cursorSchema = z.strictObject({ data: place, videos: z.record(z.string(), videoPlace), records: place });

type Place = z.infer<typeof place>;
type VideoPlace = z.infer<typeof videoPlace>;

/** Row groups of the table, frames of each video, rows of the list of episodes that the current files hold. */
type Cursor = z.infer<typeof cursorSchema>;

/** Episodes to a file of the list of episodes, which is written anew whenever episodes are put. */
const recordsPerFile = 100;
const fullBytes = fileMegabytes << 20;
/** Frames after which a video counts as full: an episode joins it by copying what it holds, however little that is. */
const fullFrames = 4096;
const recordsPath = "meta/episodes/chunk-{chunk_index:03d}/file-{file_index:03d}.parquet";

/** v3.0: many episodes to a table, to a video and to a list of episodes. */
export class StoreV3 implements EpisodeStore {
  readonly #folder: WrittenFolder;
  readonly #description: WrittenDescription;
  readonly #libav: Libav;
  #cursor: Cursor;
  /** Where each of the episodes at hand went. */
  #placed: readonly ReadonlyMap<string, number>[] = [];
  /** The rows of the current list of episodes, by column. */
  #records: Map<string, unknown[]> | null = null;

  /** @param cursor what `cursor` gave, or `null` to begin */
  constructor(folder: WrittenFolder, description: WrittenDescription, libav: Libav, cursor: unknown) {
    this.#folder = folder;
    this.#description = description;
    this.#libav = libav;
    const empty: Place = { file: 0, held: 0 };
    const videos = Object.fromEntries(description.cameras.map(({ key }) => [key, { ...empty, bytes: 0 }]));
    this.#cursor = cursor === null ? { data: empty, videos, records: empty } : cursorSchema.parse(cursor);
  }

  async putFrames(episodes: readonly FinishedEpisode[]): Promise<void> {
    const placed = episodes.map((episode) => ({ episode, at: new Map<string, number>() }));
    const data = await this.#joinTables(placed);
    const videos: Record<string, VideoPlace> = {};
    for (const { key } of this.#description.cameras) videos[key] = await this.#joinVideos(key, placed);
    this.#placed = placed.map(({ at }) => at);
    this.#cursor = { ...this.#cursor, data, videos };
  }

  async putTasks(tasks: readonly string[]): Promise<void> {
    const columns: WrittenColumn[] = [
      { name: "task_index", type: "int64", depth: 0, values: tasks.map((_, index) => BigInt(index)) },
      { name: "task", type: "text", depth: 0, values: tasks },
    ];
    await this.#folder.put("meta/tasks.parquet", tableBytes(columns, { pandas: taskIndex }));
  }

  async putStatistics(statistics: ReadonlyMap<string, FeatureStatistics>): Promise<void> {
    await this.#folder.put("meta/stats.json", `${JSON.stringify(Object.fromEntries(statistics), null, 4)}\n`);
  }

  async putRecords(episodes: readonly FinishedEpisode[]): Promise<void> {
    for (const [at, episode] of episodes.entries()) {
      const { file, held } = this.#cursor.records;
      const path = fillTemplate(recordsPath, fileNumbers(file));
      this.#records ??= held === 0 ? new Map() : await this.#readRecords(path, held);
      const columns = recordColumns(episode, this.#placed[at]!, fileNumbers(file)).map((column) => {
        const values = [...(this.#records?.get(column.name) ?? []), ...column.values];
        return { ...column, values };
      });
      const isFull = held + 1 === recordsPerFile;
      if (isFull || at === episodes.length - 1) await this.#folder.put(path, tableBytes(columns, {}));
      this.#records = isFull ? null : new Map(columns.map(({ name, values }) => [name, values]));
      this.#cursor = { ...this.#cursor, records: isFull ? { file: file + 1, held: 0 } : { file, held: held + 1 } };
    }
  }

  cursor(): Cursor {
    return this.#cursor;
  }

  /** The rows of episodes behind those before them; returns where the next ones go. */
  async #joinTables(episodes: readonly PlacedEpisode[]): Promise<Place> {
    const footer = frameFooter(this.#description);
    let { data } = this.#cursor;
    for (let from = 0; from < episodes.length; ) {
      const { file, held } = data;
      const path = fillTemplate(dataPath["v3.0"], fileNumbers(file));
      const before = held === 0 ? null : await this.#folder.read(path);
      const joined = (count: number) => {
        const tables = episodes.slice(from, from + count).map(({ episode }) => episode.columns);
        return withRowGroups(before, held, tables, footer);
      };
      const all = joined(episodes.length);
      const fullAt = all.ends.findIndex((end) => end >= fullBytes);
      const count = fullAt < 0 ? all.ends.length : fullAt + 1;
      await this.#folder.put(path, count === all.ends.length ? all.bytes : joined(count).bytes);
      for (const { at } of episodes.slice(from, from + count)) placeIn(at, "data", file);
      data = fullAt < 0 ? { file, held: held + count } : { file: file + 1, held: 0 };
      from += count;
    }
    return data;
  }

  /** The pictures of a camera in episodes behind those before them; returns where the next ones go. */
  async #joinVideos(key: string, episodes: readonly PlacedEpisode[]): Promise<VideoPlace> {
    const { framesPerSecond } = this.#description;
    let current = this.#cursor.videos[key] ?? { file: 0, held: 0, bytes: 0 };
    const pieces: VideoPiece[] = [];
    const put = async () => {
      if (pieces.length > 0) await this.#putVideo(key, current.file, pieces.splice(0));
    };
    for (const { episode, at } of episodes) {
      const path = episode.videos.get(key);
      if (path === undefined) throw new Error(`expected a video of "${key}", got none`);
      const { file, held } = current;
      if (pieces.length === 0 && held > 0) pieces.push({ path: this.#folder.path(videoFile(key, file)), frames: held });
      pieces.push({ path, frames: episode.length });
      placeIn(at, `videos/${key}`, file);
      at.set(`videos/${key}/from_timestamp`, held / framesPerSecond);
      at.set(`videos/${key}/to_timestamp`, (held + episode.length) / framesPerSecond);
      current = { file, held: held + episode.length, bytes: current.bytes + (await stat(path)).size };
      if (current.bytes < fullBytes && current.held < fullFrames) continue;
      await put();
      current = { file: file + 1, held: 0, bytes: 0 };
    }
    await put();
    return current;
  }

  /** Pieces as one file: the first may be the file as it stands, the others are unfinished ones that are not needed any more. */
  async #putVideo(key: string, file: number, pieces: readonly VideoPiece[]): Promise<void> {
    const path = videoFile(key, file);
    const [first, ...others] = pieces;
    if (first === undefined) return;
    if (others.length === 0) return this.#folder.move(first.path, path);
    const camera = this.#description.cameras.find((each) => each.key === key);
    if (camera === undefined) throw new Error(`expected a camera "${key}" in the description`);
    const joined = this.#folder.scratch(`joined ${key} ${file}.mp4`);
    await joinVideos(this.#libav, pieces, joined, { ...this.#description, ...camera });
    for (const piece of pieces) if (piece.path !== this.#folder.path(path)) await rm(piece.path);
    this.#folder.move(joined, path);
  }

  async #readRecords(path: string, rows: number): Promise<Map<string, unknown[]>> {
    const file = await ParquetFile.open(this.#folder.path(path));
    const records = new Map<string, unknown[]>();
    for (const name of file.columns) records.set(name, await file.column(name, 0, rows));
    return records;
  }
}

/** An episode, and what the list of episodes is to say of where it stands. */
interface PlacedEpisode {
  readonly episode: FinishedEpisode;
  readonly at: Map<string, number>;
}

function placeIn(at: Map<string, number>, name: string, file: number): void {
  at.set(`${name}/chunk_index`, Math.floor(file / chunkSize)).set(`${name}/file_index`, file % chunkSize);
}

function videoFile(key: string, file: number): string {
  return fillTemplate(videoPath["v3.0"], { ...fileNumbers(file), video_key: key });
}

function fileNumbers(file: number) {
  return { chunk_index: Math.floor(file / chunkSize), file_index: file % chunkSize };
}

/** The row of one episode in the list of episodes. */
function recordColumns(
  episode: FinishedEpisode,
  placed: ReadonlyMap<string, number>,
  own: { readonly chunk_index: number; readonly file_index: number },
): WrittenColumn[] {
  const whole = (name: string, value: number): WrittenColumn => ({
    name,
    type: "int64",
    depth: 0,
    values: [BigInt(value)],
  });
  const { index, length, firstRow, tasks, statistics } = episode;
  return [
    whole("episode_index", index),
    { name: "tasks", type: "text", depth: 1, values: [tasks] },
    whole("length", length),
    whole("dataset_from_index", firstRow),
    whole("dataset_to_index", firstRow + length),
    ...[...placed].map(([name, value]): WrittenColumn => {
      const isTime = name.endsWith("timestamp");
      return isTime ? { name, type: "double", depth: 0, values: [value] } : whole(name, value);
    }),
    ...[...statistics].flatMap(([key, stated]) => statisticsColumns(key, stated)),
    whole("meta/episodes/chunk_index", own.chunk_index),
    whole("meta/episodes/file_index", own.file_index),
  ];
}

function statisticsColumns(key: string, stated: FeatureStatistics): WrittenColumn[] {
  return Object.entries(stated).map(([kind, value]: [string, readonly unknown[]]) => ({
    name: `stats/${key}/${kind}`,
    ...(kind === "count"
      ? { type: "int64", depth: 1, values: [value.map((count) => BigInt(Number(count)))] }
      : { type: "double", depth: Array.isArray(value[0]) ? 3 : 1, values: [value] }),
  }));
}

/** Tells pandas that the tasks' texts are the table's index, by which LeRobot looks them up. */
const taskIndex = {
  index_columns: ["task"],
  column_indexes: [
    {
      name: null,
      field_name: null,
      pandas_type: "unicode",
      numpy_type: "object",
      metadata: { encoding: "UTF-8" },
    },
  ],
  columns: [
    { name: "task_index", field_name: "task_index", pandas_type: "int64", numpy_type: "int64", metadata: null },
    { name: "task", field_name: "task", pandas_type: "unicode", numpy_type: "object", metadata: null },
  ],
  creator: { library: "armature", version: "1" },
  pandas_version: "2.0.0",
};
