import { readdir } from "node:fs/promises";
import { join, sep } from "node:path";
import { fillTemplate } from "../path-template.ts";
import { type DatasetProblem, reason } from "../problem.ts";
import {
  type EpisodeRecord,
  type EpisodeRecords,
  malformedEpisode,
  numbersAmong,
  taskTexts,
  type VideoPart,
} from "./episode-record.ts";
import type { Info } from "./info.ts";
import { ParquetFile } from "./parquet.ts";

/** Column name to value, whole numbers as numbers. */
type Numbers = ReadonlyMap<string, number>;

/** A row of `meta/episodes`. */
interface Row {
  /** Its file and number, from 0. */
  readonly place: string;
  readonly numbers: Numbers;
  readonly tasks: readonly string[] | null;
  /** Numbers that nothing is found by: what the episode is like. */
  readonly values: Numbers;
}

const folder = "meta/episodes";
const needed = ["episode_index", "length", "data/chunk_index", "data/file_index", "dataset_from_index"];
const last = "dataset_to_index";

/** Columns that say where something of an episode lies, or that sum its rows up. */
const ofPlaces = /^(stats|videos|data|meta)\//;

/** Episodes of v3.0: rows of `meta/episodes/`, many to a table and to a video. */
export async function readEpisodesV3(root: string, info: Info): Promise<EpisodeRecords> {
  const rows: Row[] = [];
  const listed: Numbers[] = [];
  const refused = new Map<number, DatasetProblem>();
  const problems: DatasetProblem[] = [];
  const paths = await tables(root);
  if (paths.length === 0)
    problems.push({ code: "missing-metadata", path: folder, message: "expected Parquet files of episodes, got none" });
  for (const path of paths)
    try {
      const read = await readRows(root, path, info);
      rows.push(...read.rows);
      listed.push(...read.listed);
      problems.push(...read.problems);
      for (const [episode, problem] of read.refused) refused.set(episode, problem);
    } catch (error) {
      const message = `expected a table of episodes, got ${reason(error)}`;
      problems.push({ code: "malformed-metadata", path, message });
    }
  try {
    const spans = rowSpans(listed);
    const contradictions = contradictingRanges(rows);
    const records = rows.map((row) => ({ ...record(row, spans, info), problems: contradictions.get(row) ?? [] }));
    return { records, refused, problems };
  } catch (error) {
    const problem = { code: "malformed-metadata", path: "meta/info.json", message: reason(error) } as const;
    return { records: [], refused, problems: [...problems, problem] };
  }
}

async function tables(root: string): Promise<string[]> {
  const entries = await readdir(join(root, folder), { recursive: true }).catch(() => []);
  return (
    entries
      // What systems and editors hide beside files is no table: "._file-000.parquet".
      .filter((name) => name.endsWith(".parquet") && !name.split(sep).some((part) => part.startsWith(".")))
      .map((name) => join(folder, name))
      .sort()
  );
}

interface ReadRows {
  readonly rows: readonly Row[];
  /** What can be read of all rows, with those of episodes that are refused. */
  readonly listed: readonly Numbers[];
  readonly refused: ReadonlyMap<number, DatasetProblem>;
  readonly problems: readonly DatasetProblem[];
}

async function readRows(root: string, path: string, info: Info): Promise<ReadRows> {
  const file = await ParquetFile.open(join(root, path));
  const here = (names: readonly string[]) => names.filter((name) => file.columns.includes(name));
  const cameras = [...info.features.values()].filter((feature) => feature.type === "video");
  const columns = new Map<string, unknown[]>();
  for (const name of [...needed, ...here([last, "tasks"]), ...here(cameras.flatMap(({ key }) => videoColumns(key)))])
    columns.set(name, await file.column(name, 0, file.rows));
  const others = file.columns.filter((name) => ![...needed, last, "tasks"].includes(name) && !ofPlaces.test(name));
  const told = new Map<string, unknown[]>();
  for (const name of others) told.set(name, await file.column(name, 0, file.rows));
  const rows: Row[] = [];
  const listed: Numbers[] = [];
  const refused = new Map<number, DatasetProblem>();
  const problems: DatasetProblem[] = [];
  for (let at = 0; at < file.rows; at++) {
    const place = `${path} row ${at}`;
    const cells = new Map([...columns].map(([name, values]) => [name, values[at]]));
    const { numbers, bad } = numbersOf(cells);
    const episode = numbers.get("episode_index");
    listed.push(numbers);
    const values = numbersAmong([...told].map(([name, own]) => [name, own[at]]));
    if (bad === null) rows.push({ place, numbers, values, tasks: taskTexts(cells.get("tasks")) });
    else if (episode === undefined)
      problems.push({ code: "malformed-metadata", path: place, message: `expected an episode_index, got ${bad.got}` });
    else refused.set(episode, malformedEpisode(place, episode, bad.name, bad.got));
  }
  return { rows, listed, refused, problems };
}

/** The numbers of a row, and its first entry that is not what its column holds; `null` where there is none. */
function numbersOf(cells: ReadonlyMap<string, unknown>): {
  readonly numbers: Numbers;
  readonly bad: { readonly name: string; readonly got: unknown } | null;
} {
  const numbers = new Map<string, number>();
  let bad: { name: string; got: unknown } | null = null;
  for (const [name, got] of cells) {
    if (name === "tasks") continue;
    const value = typeof got === "bigint" ? Number(got) : got;
    if (typeof value === "number" && fits(name, value)) numbers.set(name, value);
    else bad ??= { name, got };
  }
  return { numbers, bad };
}

function fits(name: string, value: number): boolean {
  if (name.endsWith("_timestamp")) return Number.isFinite(value);
  return Number.isSafeInteger(value) && value >= (name === "length" ? 1 : 0);
}

/** The rows of a table file that are listed, by their index in the dataset. */
interface RowSpan {
  /** Of the first row of the file: its rows are counted from there. */
  readonly first: number;
  readonly end: number;
}

/** What the listed episodes of each table file span. */
function rowSpans(listed: readonly Numbers[]): Map<string, RowSpan> {
  const spans = new Map<string, RowSpan>();
  for (const numbers of listed) {
    const file = tableOf({ numbers });
    const from = numbers.get("dataset_from_index");
    if (from === undefined) continue;
    const { first, end } = spans.get(file) ?? { first: from, end: from };
    spans.set(file, { first: Math.min(first, from), end: Math.max(end, from + (numbers.get("length") ?? 0)) });
  }
  return spans;
}

/**
 * Episodes that do not begin where the ones before them end, or are not as long as the rows that they are said to have.
 *
 * Rows may be counted through the dataset, as LeRobot does, or from 0 in each file; after an episode that is not listed any number may follow.
 */
function contradictingRanges(rows: readonly Row[]): Map<Row, DatasetProblem[]> {
  const found = new Map<Row, DatasetProblem[]>();
  const value = (row: Row, name: string) => row.numbers.get(name)!;
  const ordered = [...new Map(rows.map((row) => [value(row, "episode_index"), row])).values()];
  ordered.sort((one, other) => value(one, "episode_index") - value(other, "episode_index"));
  let [index, end, file] = [-1, 0, ""];
  for (const row of ordered) {
    const [own, from, length] = [value(row, "episode_index"), value(row, "dataset_from_index"), value(row, "length")];
    const isFirstOfFile = file !== tableOf(row) && from === 0;
    const expected = own !== index + 1 || isFirstOfFile ? from : end;
    const to = row.numbers.get(last) ?? from + length;
    const messages = [
      ...(from === expected ? [] : [`dataset_from_index ${expected}, where the episodes before it end, got ${from}`]),
      ...(to === from + length ? [] : [`${last} ${from + length}, as it has ${length} frames, got ${to}`]),
    ];
    const problem = (message: string): DatasetProblem => ({
      code: "wrong-row-range",
      path: row.place,
      message: `expected episode ${own} to have ${message}; which rows are its own is not known`,
      episode: own,
    });
    if (messages.length > 0) found.set(row, messages.map(problem));
    [index, end, file] = [own, expected + length, tableOf(row)];
  }
  return found;
}

function record(
  { place, numbers, values, tasks }: Row,
  spans: ReadonlyMap<string, RowSpan>,
  info: Info,
): EpisodeRecord {
  const videos = new Map<string, VideoPart>();
  for (const [key, feature] of info.features) {
    const [chunk, file, from, to] = videoColumns(key).map((name) => numbers.get(name));
    if (feature.type !== "video" || info.videoPath === null) continue;
    if (chunk === undefined || file === undefined || from === undefined) continue;
    const places = { video_key: key, chunk_index: chunk, file_index: file };
    videos.set(key, { path: fillTemplate(info.videoPath, places), from, to: to ?? null });
  }
  const [index, length, chunk, file, from] = needed.map((name) => numbers.get(name)!);
  const path = fillTemplate(info.tablePath, { chunk_index: chunk!, file_index: file! });
  const { first, end } = spans.get(tableOf({ numbers }))!;
  const table = { path, firstRow: from! - first, isWhole: false, listedRows: end - first };
  return { index: index!, length: length!, place, tasks, values, table, videos, problems: [] };
}

function tableOf({ numbers }: Pick<Row, "numbers">): string {
  return `${numbers.get("data/chunk_index")}/${numbers.get("data/file_index")}`;
}

/** What says where the film of an episode lies: a folder, a file, and seconds from its beginning. */
export function videoColumns(key: string): string[] {
  return ["chunk_index", "file_index", "from_timestamp", "to_timestamp"].map((name) => `videos/${key}/${name}`);
}
