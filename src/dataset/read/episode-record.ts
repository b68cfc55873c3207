import { z } from "zod";
import { fillTemplate } from "../path-template.ts";
import { type DatasetProblem, reason } from "../problem.ts";
import type { Info } from "./info.ts";
import { type JsonLine, readJsonLines } from "./json-lines.ts";

/** Where the metadata says that an episode lies. Paths are relative to the dataset's folder. */
export interface EpisodeRecord {
  readonly index: number;
  readonly length: number;
  /** Where the metadata lists it: a file and its line or row. */
  readonly place: string;
  /** The instructions that the metadata gives it; `null` where it gives none. */
  readonly tasks: readonly string[] | null;
  /** What else the metadata says of it, of whatever is a number or true or false. */
  readonly values: ReadonlyMap<string, number>;
  readonly table: {
    readonly path: string;
    /** Row of its first frame; the rows of other episodes may follow. */
    readonly firstRow: number;
    /** Whether the file holds this episode and nothing else. */
    readonly isWhole: boolean;
    /** Rows up to the end of the last episode that is listed of the file: where it has more, some are of episodes that are not. */
    readonly listedRows: number;
  };
  readonly videos: ReadonlyMap<string, VideoPart>;
  /** Where its metadata contradicts itself: its rows are not to be trusted. */
  readonly problems: readonly DatasetProblem[];
}

/** The part of a video file that shows an episode. */
export interface VideoPart {
  readonly path: string;
  /** Seconds from the file's first frame to the episode's. */
  readonly from: number;
  /** Seconds to its end; `null` where no one says. */
  readonly to: number | null;
}

/** What the metadata lists, as it stands there. */
export interface EpisodeRecords {
  /** In any order; an episode that is listed twice is here twice. */
  readonly records: readonly EpisodeRecord[];
  /** Episodes whose entry lacks what it takes to read them, and what. */
  readonly refused: ReadonlyMap<number, DatasetProblem>;
  /** Of the listing as a whole. */
  readonly problems: readonly DatasetProblem[];
}

const episodeLine = z.looseObject({
  episode_index: z.int().nonnegative(),
  length: z.unknown().optional(),
  tasks: z.unknown().optional(),
});

/** Episodes of v2.0 and v2.1: a line in `episodes.jsonl`, a table and a video per camera each. */
export async function readEpisodesV2(root: string, info: Info): Promise<EpisodeRecords> {
  const { lines, problems } = await readJsonLines(root, "meta/episodes.jsonl", episodeLine);
  const refused = new Map<number, DatasetProblem>();
  const records: EpisodeRecord[] = [];
  try {
    for (const line of lines) {
      const { episode_index: index, length } = line.value;
      if (isCount(length)) records.push(recordV2(line, length, info));
      else refused.set(index, malformedEpisode(line.place, index, "length", length));
    }
    return { records, refused, problems };
  } catch (error) {
    const problem = { code: "malformed-metadata", path: "meta/info.json", message: reason(error) } as const;
    return { records: [], refused, problems: [...problems, problem] };
  }
}

/** @param entry the line's or the row's that cannot be used, and what stands there */
export function malformedEpisode(place: string, episode: number, entry: string, got: unknown): DatasetProblem {
  const shown = typeof got === "string" ? JSON.stringify(got) : String(got === undefined ? "nothing" : got);
  const message = `expected ${kindOf(entry)} as "${entry}" of episode ${episode}, got ${shown}; the episode is left out`;
  return { code: "malformed-episode", path: place, message, episode };
}

function kindOf(entry: string): string {
  if (entry.endsWith("from_timestamp")) return "a time in seconds";
  return entry === "length" ? "a whole number above 0" : "a whole number from 0";
}

/** The instructions of an episode as its entry has them: texts, or none. */
export function taskTexts(entry: unknown): readonly string[] | null {
  if (typeof entry === "string") return [entry];
  if (!Array.isArray(entry) || entry.length === 0) return null;
  const texts = entry.filter((text) => typeof text === "string");
  return texts.length === entry.length ? texts : null;
}

/** Those entries of an episode that are numbers; true is 1 and false 0. */
export function numbersAmong(entries: Iterable<readonly [string, unknown]>): Map<string, number> {
  const found = new Map<string, number>();
  for (const [name, got] of entries) {
    const value = typeof got === "bigint" || typeof got === "boolean" ? Number(got) : got;
    if (typeof value === "number" && Number.isFinite(value)) found.set(name, value);
  }
  return found;
}

/** Where v2.0 and v2.1 have the table of an episode. @throws RangeError if the template asks for something else */
export function tablePathV2(index: number, info: Info): string {
  return fillTemplate(info.tablePath, placesOf(index, info));
}

function placesOf(index: number, { chunkSize }: Info) {
  const chunk = Math.floor(index / chunkSize);
  // Some writers of v2.1 call the folder's number as v3.0 does.
  return { episode_index: index, episode_chunk: chunk, chunk_index: chunk };
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) > 0;
}

function recordV2({ place, value }: JsonLine<z.infer<typeof episodeLine>>, length: number, info: Info): EpisodeRecord {
  const { episode_index: index, tasks } = value;
  const values = placesOf(index, info);
  const videos = new Map<string, VideoPart>();
  for (const [key, feature] of info.features)
    if (feature.type === "video" && info.videoPath !== null)
      videos.set(key, { path: fillTemplate(info.videoPath, { ...values, video_key: key }), from: 0, to: null });
  const table = { path: tablePathV2(index, info), firstRow: 0, isWhole: true, listedRows: length };
  const known = numbersAmong(Object.entries(value).filter(([name]) => !["episode_index", "length"].includes(name)));
  return { index, length, place, tasks: taskTexts(tasks), values: known, table, videos, problems: [] };
}
