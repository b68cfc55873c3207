import { stat } from "node:fs/promises";
import { join } from "node:path";
import type { DatasetNote, DatasetProblem } from "../problem.ts";
import { listingOf } from "./episode-listing.ts";
import { type EpisodeRecord, type EpisodeRecords, readEpisodesV2, tablePathV2 } from "./episode-record.ts";
import { readEpisodesV3 } from "./episode-v3.ts";
import { type Info, readInfo, type UnreadableInfo } from "./info.ts";
import { versionProblems, withVideoFolder } from "./layout.ts";
import { type ReadModality, readModality } from "./modality.ts";
import { readTasks } from "./task.ts";

/** Everything that the files below `meta/` say, and what is wrong with them. */
export interface Metadata {
  readonly info: Info;
  /** Every episode that is listed and can be read, in ascending order and once, whether its files are here or not. */
  readonly records: readonly EpisodeRecord[];
  /** Episodes that are listed with an entry that cannot be used. */
  readonly refused: ReadonlyMap<number, DatasetProblem>;
  readonly taskTexts: ReadonlyMap<number, string>;
  readonly modality: ReadModality;
  readonly problems: readonly DatasetProblem[];
  /** What is read otherwise than it stands there. */
  readonly notes: readonly DatasetNote[];
}

/**
 * Metadata of the dataset in a folder, or the problems that leave nothing to read.
 *
 * @param depth keys of the depth cameras that are read
 */
export async function readMetadata(root: string, depth: readonly string[]): Promise<Metadata | UnreadableInfo> {
  const stated = await readInfo(root, depth);
  if (!("version" in stated)) return stated;
  const { info, notes } = await withVideoFolder(root, stated);
  const misplaced = await versionProblems(root, info.version);
  const unusable = (problems: readonly DatasetProblem[]) => ({ statedVersion: info.version, problems });
  if (misplaced.length > 0) return unusable(misplaced);
  const [episodes, tasks, modality] = await Promise.all([
    info.version === "v3.0" ? readEpisodesV3(root, info) : readEpisodesV2(root, info),
    readTasks(root, info.version),
    readModality(root),
  ]);
  const { records, problems: inListing } = listingOf(episodes.records);
  const listing = [...episodes.problems, ...inListing];
  const problems = [...listing, ...tasks.problems, ...modality.problems];
  if (records.length === 0) {
    const all = [...problems, ...episodes.refused.values()];
    return unusable(all.length > 0 ? all : [noEpisodes]);
  }
  return {
    info,
    records,
    refused: episodes.refused,
    taskTexts: tasks.texts,
    modality,
    notes: [...info.notes, ...notes],
    // Where the listing itself is at fault, counts that differ from it say nothing.
    problems: [...problems, ...(listing.length > 0 ? [] : await countProblems(root, info, { ...episodes, records }))],
  };
}

const noEpisodes: DatasetProblem = { code: "missing-metadata", path: "meta", message: "expected episodes, got none" };

async function countProblems(
  root: string,
  info: Info,
  { records, refused }: EpisodeRecords,
): Promise<DatasetProblem[]> {
  const unlisted =
    info.version === "v3.0"
      ? null
      : await unlistedTable(root, info, [...records.map(({ index }) => index), ...refused.keys()]);
  if (unlisted === null) return miscounted(info, records, refused.size);
  const message = `expected ${info.totalEpisodes} episodes, as meta/info.json has it, got ${records.length + refused.size}; ${unlisted} is here and not listed`;
  return [{ code: "wrong-count", path: "meta/episodes.jsonl", message }];
}

/** A table that is here of an episode that the metadata counts and does not list; `null` where there is none. */
async function unlistedTable(root: string, info: Info, indexes: readonly number[]): Promise<string | null> {
  const listed = new Set(indexes);
  for (let index = 0; index < info.totalEpisodes && listed.size < info.totalEpisodes; index++) {
    if (listed.has(index)) continue;
    const path = tablePathV2(index, info);
    const isHere = await stat(join(root, path)).then(
      () => true,
      () => false,
    );
    if (isHere) return path;
  }
  return null;
}

function miscounted(info: Info, records: readonly EpisodeRecord[], refused: number): DatasetProblem[] {
  const frames = records.reduce((sum, record) => sum + record.length, 0);
  const counts = [
    { what: "episodes", stated: info.totalEpisodes, listed: records.length + refused },
    ...(refused > 0 ? [] : [{ what: "frames", stated: info.totalFrames, listed: frames }]),
  ];
  return counts
    .filter(({ stated, listed }) => stated !== listed)
    .map(({ what, stated, listed }) => ({
      code: "wrong-count",
      path: `meta/info.json total_${what}`,
      message: `expected ${listed} ${what}, as listed by episode, got ${stated}`,
    }));
}
