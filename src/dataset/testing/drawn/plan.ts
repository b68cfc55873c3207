import type { DrawnDataset, DrawnEpisode, DrawnStyle } from "./drawn-dataset.ts";

/** How the rows of a dataset are timed. */
export interface Clock {
  readonly column: "float" | "double" | null;
  /** Rows that are gone from the beginning of each episode. */
  readonly trimmed: number;
  /** Whether times are measured, and up to 0.15 of a frame off. */
  readonly isMeasured: boolean;
  /** Seconds at which a clock begins that has nothing to do with films. */
  readonly origin: number;
}

/** What cameras are drawn for. */
export interface CameraPlan extends Pick<DrawnDataset, "seed" | "version" | "framesPerSecond" | "episodes" | "fault"> {
  readonly clock: Clock;
}

/** What a film is drawn for. */
export interface FilmPlan extends CameraPlan {
  readonly style: DrawnStyle;
  /** In the order of the film. */
  readonly episodes: readonly DrawnEpisode[];
  readonly hasFault: boolean;
}
