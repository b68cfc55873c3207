import { join } from "node:path";
import type { FilmComparison } from "../dataset.ts";
import { cureFor, DatasetError, type DatasetNote, type DatasetProblem, ranges, reason } from "../problem.ts";
import type { EpisodeRecord, VideoPart } from "./episode-record.ts";
import { type FilmIndex, readFilmIndex } from "./film-index.ts";
import { ForeignFileError, foreignFileDefect } from "./foreign-file.ts";
import type { Clip } from "./picture-reader.ts";
import { type Placement, picturesByTime, placeEpisodes } from "./placement.ts";
import { Recent } from "./recent.ts";

/** The films of a dataset, and where its episodes lie in them by what the metadata says. */
export interface FilmedDataset {
  readonly root: string;
  /** Every episode that is listed, in use or not: they share films. */
  readonly records: readonly EpisodeRecord[];
  readonly framesPerSecond: number;
  /** Of an episode's rows, in seconds; `null` where the table has no such column. */
  timestamps(record: EpisodeRecord): Promise<ArrayLike<number> | null>;
}

/** Why the pictures of an episode cannot be told or shown. */
export class FilmError extends Error {
  readonly problem: DatasetProblem;

  constructor(problem: DatasetProblem) {
    super(`${problem.path}: ${problem.message}`);
    this.problem = problem;
  }
}

/** What comparing the films of a camera with rows has shown. */
export interface FilmFindings extends FilmComparison {
  /** Episodes whose pictures cannot be told or shown. */
  readonly refused: ReadonlySet<number>;
}

/** Films whose tables are kept: those of one with many episodes take some 100 kB. */
const keptFilms = 32;

/** Frames of the clips that are kept, 4 bytes each. */
const keptFrames = 1_000_000;

/** Films that are looked at side by side. */
const together = 8;

interface PlacedFilm {
  readonly film: FilmIndex;
  readonly placements: ReadonlyMap<number, Placement>;
}

/** What is worth knowing of how the pictures of an episode were found, in words about it. */
const oddities = {
  "pictures-by-time": "have another number of pictures than of rows: each row has the picture at its timestamp",
  "from-timestamp-drifts":
    "have a from_timestamp off the film's pictures, which are as many as the rows of all its episodes: they are taken in order",
  "turned-film": "have films that are to be shown turned: they are upright here",
  "other-film-rate":
    "have films of another rate than info.json says, and as many pictures as rows: they are taken in order",
} as const satisfies Partial<Record<DatasetNote["code"], string>>;

type Oddity = keyof typeof oddities;

interface Found {
  readonly film: FilmIndex;
  readonly pictures: Int32Array;
  readonly oddities: readonly Oddity[];
}

interface Asked {
  readonly camera: string;
  readonly record: EpisodeRecord;
  readonly part: VideoPart;
}

/** Which pictures of its films each episode of a dataset has: films and rows reconciled, without decoding. */
export class EpisodeFilms {
  readonly #dataset: FilmedDataset;
  readonly #placed = new Recent<string, Promise<PlacedFilm>>(keptFilms, () => {});
  readonly #clips = new Recent<string, Promise<Clip>>(keptFrames, () => {});
  readonly #claims = new Map<string, ReadonlyMap<string, readonly EpisodeRecord[]>>();

  constructor(dataset: FilmedDataset) {
    this.#dataset = dataset;
  }

  /** @throws FilmError if the film is not whole, or does not say which of its pictures are the episode's */
  async clip(camera: string, record: EpisodeRecord, part: VideoPart): Promise<Clip> {
    const key = `${camera} ${record.index}`;
    const known = this.#clips.get(key);
    if (known !== undefined) return await known;
    const finding = this.#find({ camera, record, part }).then(({ film, pictures }) => {
      return { path: join(this.#dataset.root, part.path), episode: record.index, film, pictures };
    });
    this.#clips.set(key, finding, record.length);
    finding.catch(() => this.#clips.delete(key));
    return await finding;
  }

  /** Compares the films of a camera with the rows of some episodes, in ascending order. */
  async check(camera: string, records: readonly EpisodeRecord[]): Promise<FilmFindings> {
    const asked = records.flatMap((record): Asked[] => {
      const part = record.videos.get(camera);
      return part === undefined ? [] : [{ camera, record, part }];
    });
    const problems = new Map<string, DatasetProblem>();
    const odd: { code: Oddity; episode: number; rate: number }[] = [];
    const refused = new Set<number>();
    const see = (record: EpisodeRecord, found: Found | FilmError) => {
      if (found instanceof FilmError) {
        refused.add(record.index);
        // A film that is no film says the same of each of its episodes.
        const { code, message, path } = found.problem;
        if (!problems.has(path) || code !== "unreadable-video")
          problems.set(code === "unreadable-video" ? path : message, found.problem);
      } else for (const code of found.oddities) odd.push({ code, episode: record.index, rate: found.film.rate });
    };
    for (let from = 0; from < asked.length; from += together) {
      const some = asked.slice(from, from + together);
      const found = await Promise.all(some.map((each) => this.#tryToFind(each)));
      for (const [at, { record }] of some.entries()) see(record, found[at]!);
    }
    const notes = [...Map.groupBy(odd, ({ code }) => code)].map(([code, found]): DatasetNote => {
      const rates = `film ${found[0]!.rate.toFixed(2)}/s, info.json ${this.#dataset.framesPerSecond}/s`;
      const message = `episodes ${ranges(found.map(({ episode }) => episode))} ${oddities[code]}`;
      return { code, path: camera, message: code === "other-film-rate" ? `${message} (${rates})` : message };
    });
    return { problems: [...problems.values()], notes, refused };
  }

  async #tryToFind(asked: Asked): Promise<Found | FilmError> {
    try {
      return await this.#find(asked);
    } catch (error) {
      if (error instanceof FilmError) return error;
      // Rows are looked at only where they have to say which pictures are theirs.
      if (error instanceof DatasetError) return new FilmError(error.problems[0]!);
      throw error;
    }
  }

  async #find({ camera, record, part }: Asked): Promise<Found> {
    const { film, placements } = await this.#place(camera, record, part);
    const placement = placements.get(record.index)!;
    const pictures = await this.#pictures(film, record, placement);
    if (typeof pictures === "string")
      throw new FilmError({ code: "mismatched-video", path: part.path, message: pictures, episode: record.index });
    return { film, pictures, oddities: [...this.#oddities(film, record, placement)] };
  }

  *#oddities({ rate, quarterTurns }: FilmIndex, { length }: EpisodeRecord, placement: Placement): Generator<Oddity> {
    const { framesPerSecond } = this.#dataset;
    if (quarterTurns !== 0) yield "turned-film";
    if (placement.kind === "by time") yield "pictures-by-time";
    else if (placement.kind === "in order" && placement.hasDrifted) yield "from-timestamp-drifts";
    else if (Math.abs(length / rate - length / framesPerSecond) >= 0.5 / framesPerSecond) yield "other-film-rate";
  }

  async #pictures(film: FilmIndex, record: EpisodeRecord, placement: Placement): Promise<Int32Array | string> {
    const { length, index: episode } = record;
    switch (placement.kind) {
      case "refused":
        return placement.message;
      case "in order":
        return Int32Array.from({ length }, (_, frame) => placement.first + frame);
      case "by time": {
        const { framesPerSecond } = this.#dataset;
        const stated = await this.#dataset.timestamps(record);
        const timestamps = stated ?? Float64Array.from({ length }, (_, frame) => frame / framesPerSecond);
        return picturesByTime(film, placement, { episode, timestamps, framesPerSecond });
      }
    }
  }

  async #place(camera: string, record: EpisodeRecord, { path }: VideoPart): Promise<PlacedFilm> {
    const known = this.#placed.get(path);
    const placing = known ?? this.#read(camera, path);
    this.#placed.set(path, placing, 1);
    try {
      return await placing;
    } catch (error) {
      this.#placed.delete(path);
      const message = `expected the video of episode ${record.index}, got ${reason(error)}${cureFor(error)}`;
      throw new FilmError({ code: "unreadable-video", path, message, episode: record.index });
    }
  }

  async #read(camera: string, path: string): Promise<PlacedFilm> {
    const file = join(this.#dataset.root, path);
    const foreign = await foreignFileDefect(file);
    if (foreign !== null) throw new ForeignFileError(foreign);
    const film = await readFilmIndex(file);
    const claims = (this.#claimsOf(camera).get(path) ?? []).map((record) => {
      const { from, to } = record.videos.get(camera)!;
      return { episode: record.index, length: record.length, from, to };
    });
    return { film, placements: placeEpisodes(film, claims, this.#dataset.framesPerSecond) };
  }

  /** The episodes of each film of a camera. */
  #claimsOf(camera: string): ReadonlyMap<string, readonly EpisodeRecord[]> {
    const known = this.#claims.get(camera);
    if (known !== undefined) return known;
    const filmed = this.#dataset.records.filter(({ videos }) => videos.has(camera));
    const found = Map.groupBy(filmed, ({ videos }) => videos.get(camera)!.path);
    this.#claims.set(camera, found);
    return found;
  }
}
