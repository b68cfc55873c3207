import { readdir } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { type DatasetProblem, ranges } from "../problem.ts";
import type { EpisodeRecord } from "./episode-record.ts";
import { videoColumns } from "./episode-v3.ts";
import type { Info } from "./info.ts";

/** Which of the files that the metadata lists are here. */
export interface Presence {
  /** Episodes whose table and videos are here. */
  readonly here: readonly EpisodeRecord[];
  /** Cameras that have files, and pictures stored in tables. */
  readonly cameras: readonly string[];
  /** Cameras declared without a file of any episode. */
  readonly absentCameras: readonly string[];
  /** Paths that an episode lacks. */
  missing(record: EpisodeRecord): readonly string[];
  readonly problems: readonly DatasetProblem[];
}

/** Looks for the files of every listed episode. */
export async function findFiles(root: string, info: Info, records: readonly EpisodeRecord[]): Promise<Presence> {
  const isHere = await listing(root, records);
  const videos = [...info.features.values()].filter((feature) => feature.type === "video").map(({ key }) => key);
  const filmed = videos.filter((key) => records.some((record) => isHere(record.videos.get(key)?.path)));
  const missing = (record: EpisodeRecord): string[] =>
    [record.table.path, ...filmed.map((key) => record.videos.get(key)?.path ?? `${record.place} videos/${key}`)].filter(
      (path) => !isHere(path),
    );
  const stored = [...info.features.values()].filter((feature) => feature.type === "image").map(({ key }) => key);
  const absent = videos.filter((key) => !filmed.includes(key));
  return {
    here: records.filter((record) => missing(record).length === 0),
    cameras: [...info.features.keys()].filter((key) => filmed.includes(key) || stored.includes(key)),
    absentCameras: absent,
    missing,
    problems: [...absent.map((key) => absentCamera(key, info, records)), ...absentEpisodes(records, missing)],
  };
}

function absentCamera(key: string, info: Info, records: readonly EpisodeRecord[]): DatasetProblem {
  const [first] = records.flatMap(({ videos }) => videos.get(key)?.path ?? []);
  const code = "missing-camera-files";
  const found = (path: string, why: string) =>
    ({ code, path, message: `declared as a video, and ${why}: the view is absent` }) as const;
  if (first !== undefined)
    return found(`videos ${key}`, `no episode has a file of it (expected the first at ${first})`);
  if (info.videoPath === null) return found("meta/info.json video_path", `no path is given for the films of ${key}`);
  // Where a film ends may be left unsaid.
  const columns = videoColumns(key).slice(0, 3).join(", ");
  return found("meta/episodes", `the table of episodes lacks a column of ${columns}, which say where its films lie`);
}

function absentEpisodes(records: readonly EpisodeRecord[], missing: (record: EpisodeRecord) => string[]) {
  const problems: DatasetProblem[] = [];
  const tableless = records.filter((record) => missing(record).includes(record.table.path));
  const reported = new Set(tableless);
  if (tableless.length > 0)
    problems.push({
      code: "missing-episode-files",
      path: "meta",
      message: `${tableless.length} of ${records.length} episodes listed have no table here: ${numbers(tableless)} (expected the first at ${tableless[0]!.table.path})`,
    });
  for (const record of records)
    for (const path of reported.has(record) ? [] : missing(record))
      problems.push({
        code: "missing-video",
        path,
        message: `expected the video of episode ${record.index}, got no file`,
        episode: record.index,
      });
  return problems;
}

function numbers(records: readonly EpisodeRecord[]): string {
  return ranges(records.map((record) => record.index));
}

/** One look into each folder answers for all of its files. */
async function listing(root: string, records: readonly EpisodeRecord[]) {
  const paths = records.flatMap((record) => [
    record.table.path,
    ...[...record.videos.values()].map(({ path }) => path),
  ]);
  const folders = [...new Set(paths.map(dirname))];
  const names = await Promise.all(folders.map((folder) => readdir(join(root, folder)).catch(() => [])));
  const here = new Map(folders.map((folder, at) => [folder, new Set(names[at])]));
  return (path: string | undefined) => path !== undefined && (here.get(dirname(path))?.has(basename(path)) ?? false);
}
