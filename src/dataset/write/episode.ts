import type { Libav } from "../libav.ts";
import { countingColumns, type WrittenDescription, type WrittenFrame } from "./description.ts";
import type { WrittenFolder } from "./folder.ts";
import { PictureTally, VectorTally } from "./statistics.ts";
import type { FinishedEpisode } from "./store.ts";
import type { WrittenColumn } from "./table.ts";
import { VideoWriter } from "./video.ts";

/** Where an episode stands in its dataset. */
interface EpisodePosition {
  readonly index: number;
  readonly firstRow: number;
  /** All instructions of the dataset, by index. */
  readonly tasks: readonly string[];
}

/** Where a running episode is written. */
export interface EpisodePlace {
  readonly libav: Libav;
  readonly folder: WrittenFolder;
  readonly description: WrittenDescription;
}

/** A running episode: numbers in memory, pictures on their way into videos. */
export class EpisodeBuffer {
  readonly #description: WrittenDescription;
  readonly #vectors: ReadonlyMap<string, number[]>;
  readonly #videos: ReadonlyMap<string, { readonly path: string; readonly writer: VideoWriter }>;
  readonly #frameTasks: string[] = [];
  /** Of the pictures so far, by camera. */
  readonly pictures: ReadonlyMap<string, PictureTally>;

  /** @param name of its unfinished files, among episodes that run at the same time */
  constructor({ libav, folder, description }: EpisodePlace, name: string) {
    const { vectors, cameras } = description;
    this.#description = description;
    this.#vectors = new Map(vectors.map(({ key }) => [key, []]));
    this.pictures = new Map(cameras.map(({ key }) => [key, PictureTally.empty()]));
    this.#videos = new Map(
      cameras.map((camera) => {
        const path = folder.scratch(`${name} ${camera.key}.mp4`);
        return [camera.key, { path, writer: new VideoWriter(libav, path, { ...description, ...camera }) }];
      }),
    );
  }

  get isEmpty(): boolean {
    return this.#frameTasks.length === 0;
  }

  /** Instructions of the frames so far, each once. */
  get tasks(): readonly string[] {
    return [...new Set(this.#frameTasks)];
  }

  /** @throws RangeError if a column or camera is missing, or of another size */
  add({ vectors, pictures, task }: WrittenFrame): void {
    for (const { key, names } of this.#description.vectors) {
      const values = vectors.get(key);
      if (values?.length !== names.length)
        throw new RangeError(`frame: expected ${names.length} numbers of "${key}", got ${values?.length ?? "none"}`);
    }
    for (const { key, height, width } of this.#description.cameras) {
      const shape = pictures.get(key)?.shape;
      if (shape?.[0] !== height || shape[1] !== width)
        throw new RangeError(`frame: expected a picture of "${key}" of ${height} × ${width}, got ${shape ?? "none"}`);
    }
    for (const { key, type } of this.#description.vectors) {
      const column = this.#vectors.get(key)!;
      for (const value of Array.from(vectors.get(key) ?? []))
        column.push(type === "float64" ? value : Math.fround(value));
    }
    for (const [key, { writer }] of this.#videos) {
      const picture = pictures.get(key)!;
      writer.add(picture);
      this.pictures.get(key)!.add(picture);
    }
    this.#frameTasks.push(task);
  }

  abandon(): void {
    for (const { writer } of this.#videos.values()) writer.abandon();
  }

  finish(position: EpisodePosition): FinishedEpisode {
    for (const { writer } of this.#videos.values()) writer.finish();
    const length = this.#frameTasks.length;
    const measured = this.rows(position).filter(([key]) => this.#typeOf(key) !== "float64");
    const tallies = measured.map(([key, rows]) => {
      const tally = new VectorTally(rows.length / length);
      tally.add(rows);
      return [key, tally] as const;
    });
    const statistics = [...tallies, ...this.pictures].map(([key, tally]) => [key, tally.statistics()] as const);
    return {
      index: position.index,
      firstRow: position.firstRow,
      length,
      tasks: this.tasks,
      columns: this.rows(position).map(([key, rows]) => this.#column(key, rows)),
      statistics: new Map(statistics),
      videos: new Map([...this.#videos].map(([key, { path }]) => [key, path])),
    };
  }

  /** Every column, row after row, as its file will have it. */
  rows({ index, firstRow, tasks }: EpisodePosition): (readonly [string, Float64Array])[] {
    const count = (value: (frame: number) => number) => Float64Array.from(this.#frameTasks, (_, frame) => value(frame));
    return [
      ...[...this.#vectors].map(([key, values]) => [key, Float64Array.from(values)] as const),
      ["timestamp", count((frame) => Math.fround(frame / this.#description.framesPerSecond))],
      ["frame_index", count((frame) => frame)],
      ["episode_index", count(() => index)],
      ["index", count((frame) => firstRow + frame)],
      ["task_index", count((frame) => tasks.indexOf(this.#frameTasks[frame]!))],
    ];
  }

  #typeOf(key: string): "float64" | undefined {
    return this.#description.vectors.find((vector) => vector.key === key)?.type;
  }

  #column(name: string, rows: Float64Array): WrittenColumn {
    const length = this.#frameTasks.length;
    const width = rows.length / length;
    const type = this.#typeOf(name) === "float64" ? "double" : "float";
    if (width > 1 || this.#vectors.has(name)) {
      const entries = Array.from({ length }, (_, row) => [...rows.subarray(row * width, (row + 1) * width)]);
      return width === 1 ? { name, type, depth: 0, values: [...rows] } : { name, type, depth: 1, values: entries };
    }
    const isWhole = Object.entries(countingColumns).some(([key, type]) => key === name && type === "int64");
    return isWhole
      ? { name, type: "int64", depth: 0, values: Array.from(rows, BigInt) }
      : { name, type: "float", depth: 0, values: [...rows] };
  }
}
