import { type DatasetProblem, ranges } from "../problem.ts";
import type { EpisodeRecord } from "./episode-record.ts";

/** The episodes of a dataset, each once. */
export interface EpisodeListing {
  /** In ascending order. */
  readonly records: readonly EpisodeRecord[];
  readonly problems: readonly DatasetProblem[];
}

/** Problems that are named one by one before they are only counted. */
const namedProblems = 5;

/** Records in order, each episode once, with a problem for each that the metadata lists again or that shares a file of its own. */
export function listingOf(found: readonly EpisodeRecord[]): EpisodeListing {
  const records = [...new Map(found.toReversed().map((record) => [record.index, record])).values()];
  records.sort((one, other) => one.index - other.index);
  return { records, problems: [...repeated(found), ...sharedFiles(records)] };
}

/** An episode in two places would be drawn twice as often, or be held out and trained on. */
function repeated(found: readonly EpisodeRecord[]): DatasetProblem[] {
  const again = [...Map.groupBy(found, ({ index }) => index).values()].filter((records) => records.length > 1);
  const pairs = Map.groupBy(again, (records) => records.map(({ place }) => fileOf(place)).join(" and "));
  return [...pairs].flatMap(([files, episodes]) => {
    const isOneFile = new Set(episodes[0]!.map(({ place }) => fileOf(place))).size === 1;
    return isOneFile ? repeatedLines(episodes) : [repeatedFiles(files, episodes)];
  });
}

function repeatedLines(episodes: readonly (readonly EpisodeRecord[])[]): DatasetProblem[] {
  const more = episodes.length - namedProblems;
  return episodes.slice(0, namedProblems).map((records, at) => {
    const [first, ...others] = records.map(({ place }) => place);
    const rest = at === namedProblems - 1 && more > 0 ? `; and ${more} more episodes likewise` : "";
    const message = `expected episode ${records[0]!.index} once, got it at ${first} as well; remove one of them${rest}`;
    return { code: "repeated-episode", path: others.join(", "), message, episode: records[0]!.index };
  });
}

function repeatedFiles(files: string, episodes: readonly (readonly EpisodeRecord[])[]): DatasetProblem {
  const indexes = episodes.map((records) => records[0]!.index).sort((one, other) => one - other);
  const whose = `episode${indexes.length === 1 ? "" : "s"} ${ranges(indexes)}`;
  const message = `expected each episode once, got ${whose} in all of them; remove the copy`;
  return { code: "repeated-episode", path: files, message };
}

function fileOf(place: string): string {
  return place.replace(/ (line|row) \d+$/, "");
}

/** Two episodes with one file for themselves, or two cameras with one film: a template lacks a name. */
function sharedFiles(records: readonly EpisodeRecord[]): DatasetProblem[] {
  const own = records.flatMap(({ index, table }) =>
    table.isWhole ? [{ path: table.path, whose: `episode ${index}` }] : [],
  );
  const films = records.flatMap(({ index, table, videos }) =>
    [...videos].map(([key, { path }]) => ({ path, whose: table.isWhole ? `${key} of episode ${index}` : key })),
  );
  return [...firstShared("data_path", own), ...firstShared("video_path", films)];
}

function firstShared(template: string, files: readonly { path: string; whose: string }[]): DatasetProblem[] {
  for (const [path, sharers] of Map.groupBy(files, (file) => file.path)) {
    const whose = [...new Set(sharers.map((sharer) => sharer.whose))];
    if (whose.length < 2) continue;
    const message = `expected a file for each, got ${path} for ${whose.slice(0, 2).join(" and ")}; name what tells them apart in the template`;
    return [{ code: "shared-file", path: `meta/info.json ${template}`, message }];
  }
  return [];
}
