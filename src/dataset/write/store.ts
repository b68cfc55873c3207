import { countingColumns, type WrittenDescription } from "./description.ts";
import type { FeatureStatistics } from "./statistics.ts";
import type { Footer, WrittenColumn } from "./table.ts";

/** An episode whose frames are complete. */
export interface FinishedEpisode {
  readonly index: number;
  readonly length: number;
  /** The row of its first frame, counted over the whole dataset. */
  readonly firstRow: number;
  /** Instructions that occur in it. */
  readonly tasks: readonly string[];
  /** Its rows. */
  readonly columns: readonly WrittenColumn[];
  readonly statistics: ReadonlyMap<string, FeatureStatistics>;
  /** Unfinished files, by camera. */
  readonly videos: ReadonlyMap<string, string>;
}

/**
 * Where the episodes of one version of the format go; what it is given is in place when the folder commits. How many are put at a time
 * changes no byte of the dataset.
 */
export interface EpisodeStore {
  putFrames(episodes: readonly FinishedEpisode[]): Promise<void>;
  putTasks(tasks: readonly string[]): Promise<void>;
  /** Those of the whole dataset. */
  putStatistics(statistics: ReadonlyMap<string, FeatureStatistics>): Promise<void>;
  /** Of the episodes whose frames were put last. */
  putRecords(episodes: readonly FinishedEpisode[]): Promise<void>;
  /** Plain data with which a store of the same folder goes on from here. */
  cursor(): unknown;
}

/** What `datasets` looks for in a table of frames: how long the lists are. */
export function frameFooter({ vectors }: WrittenDescription): Footer {
  const value = (dtype: string) => ({ dtype, _type: "Value" });
  // The word of all versions of `datasets`: "List" is unknown to those before 4.
  const sequence = (dtype: string, length: number) => ({ feature: value(dtype), length, _type: "Sequence" });
  const features = [
    ...vectors.map(({ key, names, type = "float32" }) => [
      key,
      names.length === 1 ? value(type) : sequence(type, names.length),
    ]),
    ...Object.entries(countingColumns).map(([key, dtype]) => [key, value(dtype)]),
  ];
  return { huggingface: { info: { features: Object.fromEntries(features) } } };
}
