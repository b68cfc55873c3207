import { join } from "node:path";
import { type FixtureColumn, info, writeJson, writeTable } from "../small-dataset.ts";
import type { DrawnColumn, DrawnDataset, DrawnEpisode } from "./drawn-dataset.ts";
import { faultyEpisode } from "./expected.ts";
import { filePlace } from "./place.ts";

/** Writes everything below `meta/`. */
export async function writeMetadata(root: string, drawn: DrawnDataset): Promise<void> {
  const { version, framesPerSecond: fps, chunkSize: chunks_size, tasks } = drawn;
  const listed = drawn.episodes.filter(({ isListed }) => isListed);
  const lengths = listed.map(({ length }) => length);
  await writeJson(join(root, "meta/info.json"), { ...info(version, lengths, featuresOf(drawn)), fps, chunks_size });
  // Listed again at the end.
  const again = drawn.fault === "episode listed twice" ? listed.slice(faultyEpisode, faultyEpisode + 1) : [];
  if (version === "v3.0") await writeV3(root, drawn, [...listed, ...again]);
  else {
    const texts = tasks.texts.map((task, at) => ({ task_index: tasks.indexes[at], task }));
    await writeJson(join(root, "meta/tasks.jsonl"), texts);
    const lines = [...listed, ...again].map((episode) => {
      const line = { episode_index: episode.index, length: episode.length };
      return tasks.isListed ? { ...line, tasks: textsOf(drawn, episode) } : line;
    });
    await writeJson(join(root, "meta/episodes.jsonl"), lines);
  }
}

const types: Readonly<Record<DrawnColumn["kind"], string>> = {
  floats: "float32",
  doubles: "float64",
  float: "float32",
  double: "float64",
  int64: "int64",
  int32: "int32",
  boolean: "bool",
};

function featuresOf({ columns, counters, tasks, cameras }: DrawnDataset): Record<string, unknown> {
  const vector = (kind: DrawnColumn["kind"], entries: number) => ({
    dtype: types[kind],
    shape: [entries],
    names: null,
  });
  const counted = Object.entries(counters).flatMap(([key, kind]) =>
    kind === null ? [] : [[key, vector(kind, 1)] as const],
  );
  const filmed = cameras.map(({ key, kind, height, width }) => {
    const names = ["height", "width", "channels"];
    return [key, { dtype: kind === "film" ? "video" : "image", shape: [height, width, 3], names }] as const;
  });
  return Object.fromEntries([
    ...columns.map(({ key, kind, entries }) => [key, vector(kind, entries)] as const),
    ...counted,
    ...(tasks.hasColumn ? [["task_index", vector("int64", 1)] as const] : []),
    ...filmed,
  ]);
}

/** What the metadata lists as the tasks of an episode. */
function textsOf({ tasks, fault, episodes }: DrawnDataset, episode: DrawnEpisode): string[] {
  const isFaulty = fault === "task that is not listed" && episodes[faultyEpisode] === episode;
  const places = isFaulty ? episode.tasks.slice(0, 1) : episode.tasks;
  return [...new Set(places.map((task) => tasks.texts[task] ?? ""))];
}

async function writeV3(root: string, drawn: DrawnDataset, listed: readonly DrawnEpisode[]): Promise<void> {
  const { tasks } = drawn;
  const table: FixtureColumn[] = [
    { name: "task_index", kind: "int64", values: tasks.indexes },
    { name: tasks.textColumn, kind: "text", values: tasks.texts },
  ];
  await writeTable(join(root, "meta/tasks.parquet"), table, drawn.rowGroup);
  const columns = [...ofEpisodes(drawn, listed), ...ofFilms(drawn, listed)];
  await writeTable(join(root, "meta/episodes/chunk-000/file-000.parquet"), columns, drawn.rowGroup);
}

function ofEpisodes(drawn: DrawnDataset, listed: readonly DrawnEpisode[]): FixtureColumn[] {
  const from = (episode: DrawnEpisode) => firstRow(drawn, episode);
  const isUnusable = (episode: DrawnEpisode) => drawn.fault === "null in the metadata" && episode === drawn.episodes[0];
  const int = (name: string, value: (episode: DrawnEpisode) => number | null): FixtureColumn => {
    return { name, kind: "int64", values: listed.map(value) };
  };
  return [
    int("episode_index", ({ index }) => index),
    int("length", ({ length }) => length),
    ...(drawn.tasks.isListed
      ? [{ name: "tasks", kind: "texts", values: listed.map((episode) => textsOf(drawn, episode)) } as const]
      : []),
    int("data/chunk_index", ({ table }) => filePlace(table).chunk),
    int("data/file_index", ({ table }) => filePlace(table).file),
    int("dataset_from_index", from),
    int("dataset_to_index", (episode) => (isUnusable(episode) ? null : from(episode) + episode.length)),
  ];
}

/** What the metadata says is the number of an episode's first row. */
function firstRow({ episodes, rowsCounted, fault }: DrawnDataset, episode: DrawnEpisode): number {
  const before = episodes.slice(0, episodes.indexOf(episode));
  const counted = rowsCounted === "in each file" ? before.filter(({ table }) => table === episode.table) : before;
  const shift = fault === "rows shifted in the metadata" && episodes[faultyEpisode] === episode ? 1 : 0;
  return counted.reduce((sum, { length }) => sum + length, shift);
}

function ofFilms({ cameras }: DrawnDataset, listed: readonly DrawnEpisode[]): FixtureColumn[] {
  return cameras.flatMap(({ key, films }): FixtureColumn[] => {
    if (films.length === 0) return [];
    const clips = new Map(films.flatMap((film) => film.clips.map((clip) => [clip.episode, { film, clip }] as const)));
    const found = listed.map(({ index }) => clips.get(index));
    const column = (name: string, kind: "int64" | "double", values: readonly unknown[]): FixtureColumn => {
      return { name: `videos/${key}/${name}`, kind, values };
    };
    const places = found.map((each) => filePlace(each?.film.file ?? 0));
    const ends = found.map((each) => each?.clip.to ?? null);
    return [
      column(
        "chunk_index",
        "int64",
        places.map(({ chunk }) => chunk),
      ),
      column(
        "file_index",
        "int64",
        places.map(({ file }) => file),
      ),
      column(
        "from_timestamp",
        "double",
        found.map((each) => each?.clip.from ?? null),
      ),
      ...(ends.includes(null) ? [] : [column("to_timestamp", "double", ends)]),
    ];
  });
}
