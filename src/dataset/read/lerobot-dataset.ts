import { createHash } from "node:crypto";
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { InputError } from "../../input-error.ts";
import type {
  Dataset,
  DatasetChoice,
  DatasetVersion,
  Episode,
  EpisodeTable,
  Feature,
  FilmComparison,
  Fit,
  Modality,
  Picture,
} from "../dataset.ts";
import type { PictureMemory, PicturePlace } from "../picture-memory.ts";
import { DatasetError, type DatasetNote, type DatasetProblem, reason, unreadableTable } from "../problem.ts";
import { SharedPictures } from "../shared-pictures.ts";
import { isDepthPicture, storedDepths } from "./depth.ts";
import { shownDepths } from "./depth-map.ts";
import { EpisodeFilms, FilmError, type FilmFindings } from "./episode-films.ts";
import type { EpisodeRecord } from "./episode-record.ts";
import type { Metadata } from "./metadata.ts";
import { ParquetFile } from "./parquet.ts";
import type { Passing, PictureReader } from "./picture-reader.ts";
import { Recent } from "./recent.ts";
import { RecentPictures } from "./recent-pictures.ts";
import { storedPicture } from "./stored-picture.ts";
import { readTable, type Table } from "./table.ts";

/** Everything that a dataset is made of when its metadata has been read. */
export interface DatasetParts {
  readonly root: string;
  readonly choice: DatasetChoice;
  readonly metadata: Metadata;
  /** Episodes in use, ascending. */
  readonly records: readonly EpisodeRecord[];
  readonly cameras: readonly string[];
  readonly absentCameras: readonly string[];
  readonly taskColumn: string | null;
  readonly problems: readonly DatasetProblem[];
  readonly reader: PictureReader;
}

/** Files that say what rows mean, where a dataset has them. */
const describing = ["meta/info.json", "meta/modality.json", "meta/tasks.jsonl", "meta/tasks.parquet"];

const tableMemoryBytes = 64 << 20;
const openTables = 16;
const storedEpisodes = 4;

/** A dataset of the LeRobot formats. Tables and pictures may be handed out again: they are not to be written to. */
export class LeRobotDataset implements Dataset {
  readonly name: string;
  readonly root: string;
  readonly version: DatasetVersion;
  readonly robotType: string;
  readonly framesPerSecond: number;
  readonly features: ReadonlyMap<string, Feature>;
  readonly cameras: readonly string[];
  readonly absentCameras: readonly string[];
  readonly modality: Modality;
  readonly taskColumn: string | null;
  readonly episodes: readonly Episode[];
  readonly episodeKeys: readonly string[];
  readonly problems: readonly DatasetProblem[];
  readonly notes: readonly DatasetNote[];
  readonly listedEpisodes: number;
  readonly #parts: DatasetParts;
  readonly #records: ReadonlyMap<number, EpisodeRecord>;
  readonly #files = new Recent<string, Promise<ParquetFile>>(openTables, () => {});
  readonly #tables = new Recent<number, Table>(tableMemoryBytes, () => {});
  readonly #stored = new Recent<string, Promise<unknown[]>>(storedEpisodes, () => {});
  readonly #pictures: PictureMemory;
  readonly #films: EpisodeFilms;

  constructor(parts: DatasetParts) {
    const { root, choice, metadata, records } = parts;
    this.name = choice.name;
    this.root = root;
    this.version = metadata.info.version;
    this.robotType = metadata.info.robotType;
    this.framesPerSecond = metadata.info.framesPerSecond;
    this.features = metadata.info.features;
    this.cameras = parts.cameras;
    this.absentCameras = parts.absentCameras;
    this.modality = metadata.modality;
    this.taskColumn = parts.taskColumn;
    this.episodes = records.map(({ index, length }) => ({ index, length }));
    this.episodeKeys = [...new Set(records.flatMap(({ values }) => [...values.keys()]))];
    this.problems = parts.problems;
    this.notes = metadata.notes;
    this.listedEpisodes = metadata.records.length + metadata.refused.size;
    this.#parts = parts;
    this.#records = new Map(records.map((record) => [record.index, record]));
    this.#films = new EpisodeFilms({
      root,
      records: metadata.records,
      framesPerSecond: this.framesPerSecond,
      timestamps: (record) => this.#timestamps(record),
    });
    const pictures = this.episodes.reduce((sum, { length }) => sum + length, 0) * this.cameras.length;
    this.#pictures =
      choice.sharedPictures === undefined
        ? new RecentPictures(choice.pictureMemoryBytes, pictures)
        : new SharedPictures(choice.sharedPictures);
  }

  async table(episode: number): Promise<EpisodeTable> {
    const known = this.#tables.get(episode);
    if (known !== undefined) return known;
    const record = this.#record(episode);
    const { path } = record.table;
    const unreadable = (episodes: () => readonly number[]) => (error: unknown) => {
      throw new DatasetError(this.name, [unreadableTable(path, episodes(), error)]);
    };
    const file = await this.#file(path).catch(unreadable(() => this.#episodesIn(path)));
    const table = await readTable(file, record, this.#context()).catch(unreadable(() => [episode]));
    if (table.problems.length > 0) throw new DatasetError(this.name, table.problems);
    this.#tables.set(episode, table, table.bytes);
    return table;
  }

  async picture(camera: string, episode: number, frame: number, fit: Fit): Promise<Picture> {
    const record = this.#record(episode);
    if (!this.cameras.includes(camera))
      throw new InputError(`dataset "${this.name}": expected a camera of ${this.cameras.join(", ")}, got "${camera}"`);
    if (!Number.isInteger(frame) || frame < 0 || frame >= record.length)
      throw new RangeError(`picture: expected a frame of the ${record.length} of episode ${episode}, got ${frame}`);
    const place = { camera: this.cameras.indexOf(camera), episode, fit };
    const known = this.#pictures.get({ ...place, frame });
    if (known !== undefined) return known;
    const picture = await this.#decode(camera, record, frame, { fit, passing: this.#passing(place) });
    this.#pictures.keep({ ...place, frame }, picture);
    return picture;
  }

  async fingerprint(): Promise<string> {
    const records = [...this.#records.values()];
    const videos = records.flatMap((record) => this.cameras.map((camera) => record.videos.get(camera)?.path ?? ""));
    const tables = records.map((record) => record.table.path);
    const paths = [...new Set([...describing, ...tables, ...videos])].filter((name) => name !== "").sort();
    const hash = createHash("sha256");
    for (const path of paths) {
      const found = await stat(join(this.root, path)).catch(() => null);
      hash.update(`${join(this.root, path)}\n${found?.size}\n${found?.mtimeMs}\n`);
    }
    for (const { index, length, table } of records) hash.update(`${index} ${length} ${table.firstRow}\n`);
    const claims = this.#parts.metadata.records.map(({ index, videos: own }) => [index, ...own]);
    hash.update(JSON.stringify([this.framesPerSecond, claims]));
    return hash.digest("hex");
  }

  async compareFilms(cameras: readonly string[]): Promise<FilmComparison> {
    const episodes = [...this.#records.keys()];
    const found = await Promise.all(cameras.map((camera) => this.compareFilmsOf(camera, episodes)));
    return { problems: found.flatMap(({ problems }) => problems), notes: found.flatMap(({ notes }) => notes) };
  }

  /** How the films of a camera and the rows of some episodes agree. */
  async compareFilmsOf(camera: string, episodes: readonly number[]): Promise<FilmFindings> {
    const records = episodes.map((episode) => this.#record(episode));
    return await this.#films.check(camera, records);
  }

  async close(): Promise<void> {
    this.#parts.reader.close();
    this.#files.clear();
    this.#tables.clear();
    this.#stored.clear();
    this.#pictures.clear();
  }

  async #decode(
    camera: string,
    record: EpisodeRecord,
    frame: number,
    how: { fit: Fit; passing: Passing },
  ): Promise<Picture> {
    const video = record.videos.get(camera);
    if (video === undefined) return await this.#decodeStored(camera, record, frame, how.fit);
    try {
      const clip = await this.#films.clip(camera, record, video);
      return await this.#parts.reader.frame({ clip, frame, ...how, depth: this.#parts.choice.depth?.[camera] ?? null });
    } catch (error) {
      if (error instanceof FilmError) throw new DatasetError(this.name, [error.problem]);
      throw error;
    }
  }

  async #timestamps({ index }: EpisodeRecord): Promise<ArrayLike<number> | null> {
    if (!this.features.has("timestamp")) return null;
    return (await this.table(index)).vector("timestamp").cells;
  }

  async #decodeStored(camera: string, record: EpisodeRecord, frame: number, fit: Fit): Promise<Picture> {
    const { path } = record.table;
    try {
      const cell = (await this.#storedColumn(camera, record))[frame];
      const bytes = await storedPicture(this.root, cell);
      const range = this.#parts.choice.depth?.[camera];
      if (range !== undefined) return shownDepths(storedDepths(bytes), range, fit);
      if (isDepthPicture(bytes)) throw new Error("16-bit greys, as of a depth camera; declare it as one: is_depth_map");
      return await this.#parts.reader.still(bytes, fit);
    } catch (error) {
      const message = `expected a PNG or JPEG picture at frame ${frame} of episode ${record.index}, got ${reason(error)}`;
      const place = { path: `${path} column "${camera}"`, episode: record.index, row: frame };
      throw new DatasetError(this.name, [{ code: "unreadable-video", message, ...place }]);
    }
  }

  async #storedColumn(camera: string, record: EpisodeRecord): Promise<unknown[]> {
    const key = `${camera} ${record.index}`;
    const known = this.#stored.get(key);
    if (known !== undefined) return await known;
    const { path, firstRow } = record.table;
    // A file of its own, as an open one keeps its last row groups: of pictures they are large.
    const opening = ParquetFile.open(join(this.root, path));
    const reading = opening.then((file) => {
      if (!file.columns.includes(camera))
        throw new Error('no such column; where films show it, declare its dtype as "video", else take the camera out');
      return file.column(camera, firstRow, firstRow + record.length);
    });
    this.#stored.set(key, reading, 1);
    return await reading;
  }

  /** Frames that a decoder passes are kept where they stay, so that none is decoded twice. */
  #passing(place: Omit<PicturePlace, "frame">): Passing {
    if (!this.#pictures.mayStay(place.fit)) return null;
    return (frame, picture) => {
      const passed = { ...place, frame };
      if (this.#pictures.get(passed) === undefined) this.#pictures.keep(passed, picture());
    };
  }

  #file(path: string): Promise<ParquetFile> {
    const known = this.#files.get(path);
    if (known !== undefined) return known;
    const opening = ParquetFile.open(join(this.root, path));
    this.#files.set(path, opening, 1);
    return opening;
  }

  #episodesIn(path: string): number[] {
    return [...this.#records.values()].flatMap(({ index, table }) => (table.path === path ? [index] : []));
  }

  #record(episode: number): EpisodeRecord {
    const record = this.#records.get(episode);
    if (record === undefined)
      throw new RangeError(`dataset "${this.name}": expected an episode in use, got ${episode}`);
    return record;
  }

  #context() {
    const { choice, metadata, taskColumn } = this.#parts;
    return { dataset: choice.name, features: metadata.info.features, taskColumn, taskTexts: metadata.taskTexts };
  }
}
