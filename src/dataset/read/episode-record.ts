import { z } from "zod";
import { fillTemplate } from "../path-template.ts";
import { type DatasetProblem, reason } from "../problem.ts";
import type { Info } from "./info.ts";
import { readJsonLines } from "./json-lines.ts";

/** Where the metadata says that an episode lies. Paths are relative to the dataset's folder. */
export interface EpisodeRecord {
  readonly index: number;
  readonly length: number;
  readonly table: {
    readonly path: string;
    /** Row of its first frame; the rows of other episodes may follow. */
    readonly firstRow: number;
    /** Whether the file holds this episode and nothing else. */
    readonly isWhole: boolean;
  };
  readonly videos: ReadonlyMap<string, VideoPart>;
}

/** The part of a video file that shows an episode. */
export interface VideoPart {
  readonly path: string;
  /** Seconds from the file's first frame to the episode's. */
  readonly from: number;
}

/** Every episode that the metadata lists, in ascending order. */
export interface EpisodeRecords {
  readonly records: readonly EpisodeRecord[];
  readonly problems: readonly DatasetProblem[];
}

const episodeLine = z.looseObject({ episode_index: z.int().nonnegative(), length: z.int().positive() });

/** Episodes of v2.0 and v2.1: a line in `episodes.jsonl`, a table and a video per camera each. */
export async function readEpisodesV2(root: string, info: Info): Promise<EpisodeRecords> {
  const path = "meta/episodes.jsonl";
  const { lines, problems } = await readJsonLines(root, path, episodeLine);
  try {
    const records = lines.map((line) => recordV2(line.episode_index, line.length, info));
    return { records: records.sort((one, other) => one.index - other.index), problems };
  } catch (error) {
    const problem = { code: "malformed-metadata", path: "meta/info.json", message: reason(error) } as const;
    return { records: [], problems: [...problems, problem] };
  }
}

function recordV2(index: number, length: number, info: Info): EpisodeRecord {
  const values = { episode_index: index, episode_chunk: Math.floor(index / info.chunkSize) };
  const videos = new Map<string, VideoPart>();
  for (const [key, feature] of info.features)
    if (feature.type === "video" && info.videoPath !== null)
      videos.set(key, { path: fillTemplate(info.videoPath, { ...values, video_key: key }), from: 0 });
  return { index, length, table: { path: fillTemplate(info.tablePath, values), firstRow: 0, isWhole: true }, videos };
}
