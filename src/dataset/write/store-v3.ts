import { stat } from "node:fs/promises";
import { z } from "zod";
import type { Libav } from "../libav.ts";
import { fillTemplate } from "../path-template.ts";
import { ParquetFile } from "../read/parquet.ts";
import { chunkSize, dataPath, fileMegabytes, videoPath, type WrittenDescription } from "./description.ts";
import type { WrittenFolder } from "./folder.ts";
import type { FeatureStatistics } from "./statistics.ts";
import { type EpisodeStore, type FinishedEpisode, frameFooter } from "./store.ts";
import { tableBytes, type WrittenColumn, withRowGroup } from "./table.ts";
import { joinVideos } from "./video.ts";

/** A file that episodes join until it is full, and how much of it counts. */
const place = z.strictObject({ file: z.int().nonnegative(), held: z.int().nonnegative() });
const cursorSchema = z.strictObject({ data: place, videos: z.record(z.string(), place), records: place });

type Place = z.infer<typeof place>;

/** Row groups of the table, frames of each video, rows of the list of episodes that the current files hold. */
type Cursor = z.infer<typeof cursorSchema>;

/** Episodes to a file of the list of episodes, which is written anew for each of them. */
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
  /** Where the episode at hand went. */
  #placed: ReadonlyMap<string, number> = new Map();
  /** The rows of the current list of episodes, by column. */
  #records: Map<string, unknown[]> | null = null;

  /** @param cursor what `cursor` gave, or `null` to begin */
  constructor(folder: WrittenFolder, description: WrittenDescription, libav: Libav, cursor: unknown) {
    this.#folder = folder;
    this.#description = description;
    this.#libav = libav;
    const empty: Place = { file: 0, held: 0 };
    const videos = Object.fromEntries(description.cameras.map(({ key }) => [key, empty]));
    this.#cursor = cursor === null ? { data: empty, videos, records: empty } : cursorSchema.parse(cursor);
  }

  async putFrames(episode: FinishedEpisode): Promise<void> {
    const placed = new Map<string, number>();
    const put = (name: string, { file }: Place) => {
      placed.set(`${name}/chunk_index`, Math.floor(file / chunkSize)).set(`${name}/file_index`, file % chunkSize);
    };
    put("data", this.#cursor.data);
    const data = await this.#joinTable(episode, this.#cursor.data);
    const videos: Record<string, Place> = {};
    for (const [key, video] of episode.videos) {
      const { framesPerSecond } = this.#description;
      const current = this.#cursor.videos[key] ?? { file: 0, held: 0 };
      put(`videos/${key}`, current);
      placed.set(`videos/${key}/from_timestamp`, current.held / framesPerSecond);
      placed.set(`videos/${key}/to_timestamp`, (current.held + episode.length) / framesPerSecond);
      videos[key] = await this.#joinVideo(key, video, episode.length, current);
    }
    this.#placed = placed;
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

  async putRecord(episode: FinishedEpisode): Promise<void> {
    const { file, held } = this.#cursor.records;
    const path = fillTemplate(recordsPath, fileNumbers(file));
    this.#records ??= held === 0 ? new Map() : await this.#readRecords(path, held);
    const columns = recordColumns(episode, this.#placed, fileNumbers(file)).map((column) => {
      const values = [...(this.#records?.get(column.name) ?? []), ...column.values];
      return { ...column, values };
    });
    await this.#folder.put(path, tableBytes(columns, {}));
    const isFull = held + 1 === recordsPerFile;
    this.#records = isFull ? null : new Map(columns.map(({ name, values }) => [name, values]));
    this.#cursor = { ...this.#cursor, records: isFull ? { file: file + 1, held: 0 } : { file, held: held + 1 } };
  }

  cursor(): Cursor {
    return this.#cursor;
  }

  async #joinTable({ columns }: FinishedEpisode, { file, held }: Place): Promise<Place> {
    const path = fillTemplate(dataPath["v3.0"], fileNumbers(file));
    const footer = frameFooter(this.#description);
    const bytes =
      held === 0 ? tableBytes(columns, footer) : withRowGroup(await this.#folder.read(path), held, columns, footer);
    await this.#folder.put(path, bytes);
    return bytes.length < fullBytes ? { file, held: held + 1 } : { file: file + 1, held: 0 };
  }

  async #joinVideo(key: string, video: string, frames: number, { file, held }: Place): Promise<Place> {
    const path = fillTemplate(videoPath["v3.0"], { ...fileNumbers(file), video_key: key });
    let joined = video;
    if (held > 0) {
      const camera = this.#description.cameras.find((each) => each.key === key);
      if (camera === undefined) throw new Error(`expected a camera "${key}" in the description`);
      joined = this.#folder.scratch(`joined ${key}.mp4`);
      const pieces = [
        { path: this.#folder.path(path), frames: held },
        { path: video, frames },
      ];
      await joinVideos(this.#libav, pieces, joined, { ...this.#description, ...camera });
    }
    this.#folder.move(joined, path);
    const { size } = await stat(joined);
    const isFull = size >= fullBytes || held + frames >= fullFrames;
    return isFull ? { file: file + 1, held: 0 } : { file, held: held + frames };
  }

  async #readRecords(path: string, rows: number): Promise<Map<string, unknown[]>> {
    const file = await ParquetFile.open(this.#folder.path(path));
    const records = new Map<string, unknown[]>();
    for (const name of file.columns) records.set(name, await file.column(name, 0, rows));
    return records;
  }
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
