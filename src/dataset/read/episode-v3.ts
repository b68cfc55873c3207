import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { fillTemplate } from "../path-template.ts";
import { type DatasetProblem, reason } from "../problem.ts";
import type { EpisodeRecord, EpisodeRecords, VideoPart } from "./episode-record.ts";
import type { Info } from "./info.ts";
import { ParquetFile } from "./parquet.ts";

/** A row of `meta/episodes`: column name to value, whole numbers as numbers. */
type Row = Readonly<Record<string, number>>;

const folder = "meta/episodes";
const numbers = z.record(z.string(), z.union([z.number(), z.bigint().transform(Number)]));

/** Episodes of v3.0: rows of `meta/episodes/`, many to a table and to a video. */
export async function readEpisodesV3(root: string, info: Info): Promise<EpisodeRecords> {
  const rows: Row[] = [];
  const problems: DatasetProblem[] = [];
  const paths = await tables(root);
  if (paths.length === 0)
    problems.push({ code: "missing-metadata", path: folder, message: "expected Parquet files of episodes, got none" });
  for (const path of paths) {
    try {
      rows.push(...(await readRows(join(root, path), info)));
    } catch (error) {
      const message = `expected a table of episodes, got ${reason(error)}`;
      problems.push({ code: "malformed-metadata", path, message });
    }
  }
  try {
    const firsts = firstIndexes(rows);
    const records = rows.map((row) => record(row, firsts, info)).sort((one, other) => one.index - other.index);
    return { records, problems };
  } catch (error) {
    return {
      records: [],
      problems: [...problems, { code: "malformed-metadata", path: folder, message: reason(error) }],
    };
  }
}

async function tables(root: string): Promise<string[]> {
  const entries = await readdir(join(root, folder), { recursive: true }).catch(() => []);
  return entries
    .filter((name) => name.endsWith(".parquet"))
    .map((name) => join(folder, name))
    .sort();
}

async function readRows(path: string, info: Info): Promise<Row[]> {
  const file = await ParquetFile.open(path);
  const needed = ["episode_index", "length", "data/chunk_index", "data/file_index", "dataset_from_index"];
  const cameras = [...info.features.values()].filter((feature) => feature.type === "video");
  const optional = cameras.flatMap(({ key }) => videoColumns(key)).filter((name) => file.columns.includes(name));
  const columns = new Map<string, unknown[]>();
  for (const name of [...needed, ...optional]) columns.set(name, await file.column(name, 0, file.rows));
  return Array.from({ length: file.rows }, (_, row) =>
    numbers.parse(Object.fromEntries([...columns].map(([name, values]) => [name, values[row]]))),
  );
}

/** The dataset-wide index of the first row of each table file, which is where its rows are counted from. */
function firstIndexes(rows: readonly Row[]): Map<string, number> {
  const firsts = new Map<string, number>();
  for (const row of rows) {
    const file = tableOf(row);
    const from = row.dataset_from_index ?? 0;
    firsts.set(file, Math.min(firsts.get(file) ?? from, from));
  }
  return firsts;
}

function record(row: Row, firsts: ReadonlyMap<string, number>, info: Info): EpisodeRecord {
  const videos = new Map<string, VideoPart>();
  for (const [key, feature] of info.features) {
    const [chunk, file, from] = videoColumns(key).map((name) => row[name]);
    if (feature.type !== "video" || info.videoPath === null) continue;
    if (chunk === undefined || file === undefined || from === undefined) continue;
    const values = { video_key: key, chunk_index: chunk, file_index: file };
    videos.set(key, { path: fillTemplate(info.videoPath, values), from });
  }
  const values = { chunk_index: row["data/chunk_index"]!, file_index: row["data/file_index"]! };
  return {
    index: row.episode_index!,
    length: row.length!,
    table: {
      path: fillTemplate(info.tablePath, values),
      firstRow: row.dataset_from_index! - firsts.get(tableOf(row))!,
      isWhole: false,
    },
    videos,
  };
}

function tableOf(row: Row): string {
  return `${row["data/chunk_index"]}/${row["data/file_index"]}`;
}

function videoColumns(key: string): string[] {
  return [`videos/${key}/chunk_index`, `videos/${key}/file_index`, `videos/${key}/from_timestamp`];
}
