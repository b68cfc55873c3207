import { join } from "node:path";
import { type FixtureColumn, info, plainColumns, plainFeatures, writeJson, writeTable } from "./small-dataset.ts";

/** Changes the columns of a table before it is written. */
export type TableChange = (columns: readonly FixtureColumn[]) => readonly FixtureColumn[];

/** As it is. */
export const unchanged: TableChange = (columns) => columns;

/** Gives one entry of one column another value. */
export function withCell(name: string, row: number, value: unknown): TableChange {
  return (columns) =>
    columns.map((column) => (column.name === name ? { ...column, values: column.values.with(row, value) } : column));
}

/** Leaves columns out. */
export function without(...names: readonly string[]): TableChange {
  return (columns) => columns.filter(({ name }) => !names.includes(name));
}

/** The episodes of `writeV3`, as the rows of `meta/episodes`; cameras have a film from 0 s on. */
export function episodeColumns(lengths: readonly number[], cameras: readonly string[]): FixtureColumn[] {
  const starts = lengths.map((_, at) => lengths.slice(0, at).reduce((sum, length) => sum + length, 0));
  const int = (name: string, values: readonly number[]) => ({ name, kind: "int64", values }) as const;
  const zeros = lengths.map(() => 0);
  return [
    int("episode_index", [...lengths.keys()]),
    int("length", lengths),
    { name: "tasks", kind: "texts", values: lengths.map(() => ["wave"]) },
    int("data/chunk_index", zeros),
    int("data/file_index", zeros),
    int("dataset_from_index", starts),
    int(
      "dataset_to_index",
      starts.map((start, at) => start + lengths[at]!),
    ),
    ...cameras.flatMap((key): FixtureColumn[] => [
      int(`videos/${key}/chunk_index`, zeros),
      int(`videos/${key}/file_index`, zeros),
      { name: `videos/${key}/from_timestamp`, kind: "double", values: starts.map((start) => start / 10) },
    ]),
  ];
}

/** A small v3.0 dataset: action of 2, episodes of these lengths in one table, one task; its table of episodes changed. */
export async function writeV3(
  root: string,
  lengths: readonly number[],
  features: Readonly<Record<string, { readonly dtype: string }>>,
  change: TableChange,
): Promise<void> {
  const declared = { ...plainFeatures, ...features };
  const cameras = Object.entries(features).flatMap(([key, { dtype }]) => (dtype === "video" ? [key] : []));
  await writeJson(join(root, "meta/info.json"), info("v3.0", lengths, declared));
  await writeTable(
    join(root, "meta/tasks.parquet"),
    [
      { name: "task_index", kind: "int64", values: [0] },
      { name: "task", kind: "text", values: ["wave"] },
    ],
    1000,
  );
  const episodes = change(episodeColumns(lengths, cameras));
  await writeTable(join(root, "meta/episodes/chunk-000/file-000.parquet"), episodes, 1000);
  const tables = lengths.map((length, episode) => plainColumns(episode, length));
  const rows = plainColumns(0, 0).map(({ name, kind }) => {
    const values = tables.flatMap((columns) => columns.find((column) => column.name === name)?.values ?? []);
    return { name, kind, values };
  });
  await writeTable(join(root, "data/chunk-000/file-000.parquet"), rows, 1000);
}
