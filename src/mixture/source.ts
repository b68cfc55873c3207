import type { Dataset, DepthRanges, TaskAnnotation } from "../dataset/dataset.ts";
import { type GeneratedDataset, generate } from "../dataset/generated.ts";
import { openDataset } from "../dataset/read/open.ts";
import { type EpisodeSpan, trimmed } from "../dataset/trimmed.ts";
import { InputError } from "../input-error.ts";

/** Where a dataset comes from: plain data, so that every worker can open its own. */
export type DatasetSource =
  | {
      readonly kind: "lerobot";
      /** A folder, or `hf://owner/name[@revision]`. */
      readonly location: string;
      readonly taskAnnotation: TaskAnnotation;
      /** Depth cameras that are read, and in which range; a robot that is served has to show its depth likewise. */
      readonly depth?: DepthRanges | undefined;
    }
  | { readonly kind: "generated"; readonly description: Omit<GeneratedDataset, "name"> };

/** How a source is opened. */
export interface SourceChoice {
  readonly name: string;
  readonly episodes: "all" | readonly number[];
  /** Decoded pictures are kept up to this many bytes; it changes speed and nothing else. */
  readonly pictureMemoryBytes: number;
  /** Memory of `sharedPictureMemory` in which they are kept instead, beside those of other threads that open the same choice. */
  readonly sharedPictures?: SharedArrayBuffer | undefined;
}

/** What of a member of a mixture says which data it is. */
export interface MemberSource {
  readonly datasetName: string;
  readonly source: DatasetSource;
  /** What is used of its episodes; those without a span are used whole. */
  readonly spans: readonly EpisodeSpan[];
}

/**
 * The dataset of a member of a mixture, opened for reading, its episodes trimmed as the mixture has them.
 *
 * @throws InputError as `openSource`
 */
export async function openMember(
  { datasetName: name, source, spans }: MemberSource,
  choice: Omit<SourceChoice, "name">,
): Promise<Dataset> {
  return trimmed(await openSource(source, { name, ...choice }), spans);
}

/**
 * The dataset that a source is, opened for reading.
 *
 * @throws InputError if it cannot be read, or an episode asked for is not there
 */
export async function openSource(source: DatasetSource, choice: SourceChoice): Promise<Dataset> {
  const { name, episodes, pictureMemoryBytes, sharedPictures } = choice;
  switch (source.kind) {
    case "lerobot": {
      const { location, taskAnnotation, depth = {} } = source;
      return openDataset(location, { name, episodes, taskAnnotation, pictureMemoryBytes, sharedPictures, depth });
    }
    case "generated": {
      const dataset = generate({ ...source.description, name });
      if (episodes === "all") return dataset;
      const missing = episodes.filter((index) => !dataset.episodes.some((episode) => episode.index === index));
      if (missing.length > 0)
        throw new InputError(`dataset "${name}": expected episodes ${missing}, which are not there`);
      return { ...dataset, episodes: dataset.episodes.filter(({ index }) => episodes.includes(index)) };
    }
  }
}
