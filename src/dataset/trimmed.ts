import { createHash } from "node:crypto";
import { HostArray } from "../graph/host-array.ts";
import type { Dataset, EpisodeTable } from "./dataset.ts";

/** The frames of an episode that are used: `length` of them from `first` on. Plain data. */
export interface EpisodeSpan {
  readonly episode: number;
  readonly first: number;
  readonly length: number;
}

/**
 * A dataset whose episodes are cut to spans, and nothing of it is seen beyond them: frames are counted from the span's first, steps
 * past its last are past the episode's end. Episodes without a span are whole.
 *
 * It closes the dataset that it reads.
 */
export function trimmed(dataset: Dataset, spans: readonly EpisodeSpan[]): Dataset {
  if (spans.length === 0) return dataset;
  const byEpisode = new Map(spans.map((span) => [span.episode, span]));
  const episodes = dataset.episodes.map((one) => ({ ...one, length: byEpisode.get(one.index)?.length ?? one.length }));
  return {
    name: dataset.name,
    root: dataset.root,
    version: dataset.version,
    robotType: dataset.robotType,
    framesPerSecond: dataset.framesPerSecond,
    features: dataset.features,
    cameras: dataset.cameras,
    absentCameras: dataset.absentCameras,
    modality: dataset.modality,
    taskColumn: dataset.taskColumn,
    episodes,
    episodeKeys: dataset.episodeKeys,
    problems: dataset.problems,
    notes: dataset.notes,
    listedEpisodes: dataset.listedEpisodes,
    table: async (episode) => cut(await dataset.table(episode), byEpisode.get(episode)),
    picture: async (camera, episode, frame, fit) => {
      const span = byEpisode.get(episode);
      if (span === undefined) return await dataset.picture(camera, episode, frame, fit);
      if (!Number.isInteger(frame) || frame < 0 || frame >= span.length)
        throw new RangeError(`picture: expected a frame of the ${span.length} of episode ${episode}, got ${frame}`);
      return await dataset.picture(camera, episode, span.first + frame, fit);
    },
    compareFilms: (cameras) => dataset.compareFilms(cameras),
    fingerprint: async () => {
      const hash = createHash("sha256");
      return hash.update(JSON.stringify([await dataset.fingerprint(), spans])).digest("hex");
    },
    close: () => dataset.close(),
  };
}

/** The rows of a span; the memory of a whole table is shared. */
function cut(table: EpisodeTable, span: EpisodeSpan | undefined): EpisodeTable {
  if (span === undefined) return table;
  const { first, length } = span;
  return {
    length,
    values: table.values,
    tasks: table.tasks.slice(first, first + length),
    text: (key) => table.text(key).slice(first, first + length),
    vector: (key) => {
      const whole = table.vector(key);
      const width = whole.shape[1] ?? 0;
      const cells = whole.cells.subarray(first * width, (first + length) * width);
      return new HostArray("i j", [length, width], "float64", cells);
    },
  };
}
