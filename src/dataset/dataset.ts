import type { HostArray } from "../graph/host-array.ts";
import type { DatasetNote, DatasetProblem } from "./problem.ts";

/** LeRobot versions that are read. */
export type DatasetVersion = "v2.0" | "v2.1" | "v3.0";

/** One column or camera as `meta/info.json` declares it. */
export interface Feature {
  readonly key: string;
  /** LeRobot's own word: `float32`, `float64`, `int64`, `bool`, `string`, `image`, `video`; `depth` for what is a depth map, `depth video` for a film of them that is left out. */
  readonly type: string;
  readonly shape: readonly number[];
  /** A name per entry of a vector where the file gives them, else `null`. */
  readonly names: readonly string[] | null;
}

/** An episode that is in use: its files are here. */
export interface Episode {
  readonly index: number;
  /** Number of frames. */
  readonly length: number;
}

/** Where the instruction of a frame is read. */
export type TaskAnnotation =
  /** The task description that `modality.json` names where there is one, else `task_index`. */
  | "declared"
  /** Nowhere: no frame has an instruction. */
  | "none"
  /** A column of indexes into the task table, or of texts. */
  | { readonly column: string };

/** What a caller wants of a dataset. */
export interface DatasetChoice {
  /** What reports and provenance call it. */
  readonly name: string;
  /** Every episode whose files are here, or these, whose files must be. */
  readonly episodes: "all" | readonly number[];
  readonly taskAnnotation: TaskAnnotation;
  /** Decoded pictures are kept up to this many bytes; it changes speed and nothing else. */
  readonly pictureMemoryBytes: number;
  /** Memory of `sharedPictureMemory` in which they are kept instead, beside those of other threads that read the same dataset. */
  readonly sharedPictures?: SharedArrayBuffer | undefined;
  /** Depth cameras that are read; the others are left out. */
  readonly depth?: DepthRanges;
}

/** What a depth camera shows, in the unit of the file (mostly millimetres): `near` is black, `far` is white, as is all beyond. */
export interface DepthRange {
  readonly near: number;
  readonly far: number;
}

/** The same by key of the camera. */
export type DepthRanges = Readonly<Record<string, DepthRange>>;

/** One picture, `[h w c]`, 0 to 255, red green blue. */
export type Picture = HostArray<"h w c", "uint8">;

/** The largest size that a picture may have. */
export interface Fit {
  readonly height: number;
  readonly width: number;
}

/** The columns of one episode, one row per frame. */
export interface EpisodeTable {
  readonly length: number;
  /**
   * A numeric column as it stands in the file, in float64; entries of more than one axis are flattened, booleans are 0 and 1.
   *
   * @throws InputError naming file and column where it is missing, of another width, or holds NaN or infinity (with the frame)
   */
  vector(key: string): HostArray<"i j", "float64">;
  /**
   * What a column of texts, or of indexes into the task table, says of each frame; `null` where it says nothing.
   *
   * @throws InputError naming file and column where it is missing or holds something else
   */
  text(key: string): readonly (string | null)[];
  /** Numbers that the metadata give the episode as a whole. */
  readonly values: ReadonlyMap<string, number>;
  /** Instruction of each frame; `null` where the dataset gives none. */
  readonly tasks: readonly (string | null)[];
}

/** A named part of the action or the state: entries `start` to `end` (exclusive) of a column. */
export interface VectorSlice {
  readonly part: string;
  readonly key: string;
  readonly start: number;
  readonly end: number;
}

/** What a dataset itself says of the parts of its rows, as GR00T's `modality.json` does; empty where it says nothing. */
export interface Modality {
  readonly action: readonly VectorSlice[];
  readonly state: readonly VectorSlice[];
  /** What cameras are called, by key. */
  readonly videos: readonly { readonly name: string; readonly key: string }[];
}

/** What comparing films with rows has shown. */
export interface FilmComparison {
  readonly problems: readonly DatasetProblem[];
  readonly notes: readonly DatasetNote[];
}

/** One LeRobot dataset on disk. Pure access: what the numbers mean is `embodiment/`'s. */
export interface Dataset {
  /** Folder name, unless the recipe gives another. */
  readonly name: string;
  readonly root: string;
  readonly version: DatasetVersion;
  /** As written in the metadata; may be empty or "unknown". */
  readonly robotType: string;
  readonly framesPerSecond: number;
  readonly features: ReadonlyMap<string, Feature>;
  /** Camera keys (type `video` or `image`) whose pictures are there for every episode in use. */
  readonly cameras: readonly string[];
  /** Camera keys that the metadata declares and that have no files. */
  readonly absentCameras: readonly string[];
  readonly modality: Modality;
  /** The column that instructions are read from; `null` where there is none. */
  readonly taskColumn: string | null;
  /** In ascending order of index. */
  readonly episodes: readonly Episode[];
  /** What the metadata say of episodes as numbers, of one at least. */
  readonly episodeKeys: readonly string[];
  /** What is wrong with the dataset and does not keep these episodes from being read. */
  readonly problems: readonly DatasetProblem[];
  /** What of it is read otherwise than it stands in the metadata. */
  readonly notes: readonly DatasetNote[];
  /** How many episodes the metadata lists, in use or not. */
  readonly listedEpisodes: number;
  /** @throws InputError naming file and episode where the rows cannot be read or are not this episode's */
  table(episode: number): Promise<EpisodeTable>;
  /**
   * The picture that a camera saw at a frame, scaled so that it fits `fit` with its proportions kept (never enlarged or padded here).
   *
   * @throws InputError naming file, episode and frame where it cannot be decoded
   */
  picture(camera: string, episode: number, frame: number, fit: Fit): Promise<Picture>;
  /**
   * How the films of these cameras and the rows of the episodes agree, as shows without decoding them: what is cut short or has
   * other pictures than rows, and what is worth knowing of how pictures are found.
   */
  compareFilms(cameras: readonly string[]): Promise<FilmComparison>;
  /** A word that changes when a file or the choice of episodes does (by path, size and time of change). */
  fingerprint(): Promise<string>;
  close(): Promise<void>;
}
