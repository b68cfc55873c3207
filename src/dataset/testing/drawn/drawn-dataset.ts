import type { QuarterTurns } from "../../read/film-index.ts";
import type { EncoderName, Sampling } from "../encode.ts";

/** A dataset that was drawn: everything that its files hold and, by that, what every row of it is. Plain data, so that it can be printed. */
export interface DrawnDataset {
  readonly seed: number;
  readonly version: "v2.1" | "v3.0";
  readonly framesPerSecond: number;
  /** Episodes in a folder of v2.1. */
  readonly chunkSize: number;
  /** Rows in a row group of its tables. */
  readonly rowGroup: number;
  /** In the order of their rows; those that the metadata leaves out stand in tables and films of v3.0 all the same. */
  readonly episodes: readonly DrawnEpisode[];
  readonly columns: readonly DrawnColumn[];
  readonly counters: DrawnCounters;
  readonly tasks: DrawnTasks;
  readonly cameras: readonly DrawnCamera[];
  /** v3.0: rows are counted through the dataset, or from 0 in each table. */
  readonly rowsCounted: "through the dataset" | "in each file";
  readonly fault: FaultName | null;
}

export interface DrawnEpisode {
  readonly index: number;
  readonly length: number;
  readonly isListed: boolean;
  /** Place of the task of each row in `DrawnTasks.texts`. */
  readonly tasks: readonly number[];
  /** Of each row, in seconds. */
  readonly timestamps: readonly number[];
  /** v3.0: number of its table. */
  readonly table: number;
}

/** A column of numbers. */
export interface DrawnColumn {
  readonly key: string;
  readonly kind: "floats" | "doubles" | "float" | "double" | "int64" | "int32" | "boolean";
  readonly entries: number;
}

/** What rows say of themselves, and as what; `null` where there is no such column. */
export interface DrawnCounters {
  readonly timestamp: "float" | "double" | null;
  readonly episode_index: "int64" | "int32" | null;
  readonly frame_index: "int64" | "int32" | null;
  readonly index: "int64" | null;
}

export interface DrawnTasks {
  readonly texts: readonly string[];
  /** `task_index` of each text. */
  readonly indexes: readonly number[];
  /** Without a column each episode has one task, as the metadata lists it. */
  readonly hasColumn: boolean;
  /** Whether the metadata lists the tasks of each episode. */
  readonly isListed: boolean;
  /** v3.0: what the column of texts is called. */
  readonly textColumn: "task" | "__index_level_0__";
}

export interface DrawnCamera {
  readonly key: string;
  readonly kind: "film" | "png" | "jpeg" | "png without struct";
  /** As stored. */
  readonly height: number;
  readonly width: number;
  readonly tint: number;
  /** Of films. */
  readonly style: DrawnStyle;
  readonly films: readonly DrawnFilm[];
}

export interface DrawnStyle {
  readonly encoder: EncoderName;
  readonly sampling: Sampling;
  readonly bFrames: number;
  readonly keyframeEvery: number;
  readonly quarterTurns: QuarterTurns;
}

export interface DrawnFilm {
  /** Number of the file in v3.0, index of the episode in v2.1. */
  readonly file: number;
  readonly timescale: number;
  readonly ticks: readonly number[];
  /** Number that the first picture shows, modulo 256; the others go on from it. */
  readonly firstNumber: number;
  readonly clips: readonly DrawnClip[];
}

/** The part of a film that is an episode's. */
export interface DrawnClip {
  readonly episode: number;
  /** What v3.0 says of it, in seconds. */
  readonly from: number;
  readonly to: number | null;
  /** The picture of each row. */
  readonly pictures: readonly number[];
}

/** What is wrong with a dataset, so that something of it has to be refused. */
export type FaultName = FilmFaultName | TableFaultName;

export const filmFaults = {
  "v2.1": ["film ends early", "film at another rate", "film cut short", "film missing"],
  "v3.0": [
    "film ends early",
    "film at another rate",
    "film cut short",
    "clips overlap",
    "from off the grid",
    "from past the film",
    "clips leave pictures out",
  ],
} as const;

const everyTable = [
  "rows missing",
  "another episode_index",
  "frame_index from before a trim",
  "not a number",
  "a wider row",
  "unknown task",
  "task that is not listed",
  "row marked as padding",
  "episode listed twice",
] as const;

export const tableFaults = {
  "v2.1": everyTable,
  "v3.0": [...everyTable, "rows shifted in the metadata", "null in the metadata"],
} as const;

export type FilmFaultName = (typeof filmFaults)["v2.1" | "v3.0"][number];
export type TableFaultName = (typeof tableFaults)["v2.1" | "v3.0"][number];

export function isFilmFault(name: FaultName | null): name is FilmFaultName {
  return [...filmFaults["v2.1"], ...filmFaults["v3.0"]].some((each) => each === name);
}

/** Picture `picture` of a film, by the number that it shows. */
export function numberIn({ firstNumber }: Pick<DrawnFilm, "firstNumber">, picture: number): number {
  return (firstNumber + picture) % 256;
}
