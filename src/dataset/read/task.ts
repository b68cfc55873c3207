import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import type { DatasetVersion, TaskAnnotation } from "../dataset.ts";
import { type DatasetProblem, reason } from "../problem.ts";
import { readJsonLines } from "./json-lines.ts";
import { ParquetFile } from "./parquet.ts";

/** The texts that frames refer to by index. */
export interface TaskTable {
  readonly texts: ReadonlyMap<number, string>;
  readonly problems: readonly DatasetProblem[];
}

const taskLine = z.looseObject({ task_index: z.int().nonnegative(), task: z.string() });

const taskRow = z.tuple([z.union([z.int(), z.bigint().transform(Number)]), z.string()]);

/** The task table of a dataset: `tasks.jsonl` (v2) or `tasks.parquet` (v3). */
export async function readTasks(root: string, version: DatasetVersion): Promise<TaskTable> {
  if (version === "v3.0") return await readTaskParquet(root);
  const { lines, problems } = await readJsonLines(root, "meta/tasks.jsonl", taskLine);
  return { texts: new Map(lines.map(({ value }) => [value.task_index, value.task])), problems };
}

/**
 * The annotations that `modality.json` names, as column names; empty where there is no such file.
 *
 * @throws Error if the file is there and is not JSON of that shape
 */
export async function readAnnotationColumns(root: string): Promise<string[]> {
  const text = await readFile(join(root, "meta/modality.json"), "utf8").catch(() => null);
  if (text === null) return [];
  const modality = z.looseObject({ annotation: z.record(z.string(), z.unknown()).optional() }).parse(JSON.parse(text));
  return Object.keys(modality.annotation ?? {}).map((name) => `annotation.${name}`);
}

/**
 * The column that a frame's instruction is read from; `null` where it has none.
 *
 * Of several annotations only a task description is an instruction: `human.validity` says "valid" of a demonstration.
 *
 * @throws RangeError if more than one annotation is a task description
 */
export function taskColumn(choice: TaskAnnotation, annotations: readonly string[], columns: ReadonlySet<string>) {
  if (choice === "none") return null;
  if (choice !== "declared") return choice.column;
  const descriptions = annotations.filter((name) => name.endsWith("task_description"));
  if (descriptions.length > 1)
    throw new RangeError(`expected one task description, got ${descriptions.join(", ")}; name one as taskAnnotation`);
  return descriptions[0] ?? (columns.has("task_index") ? "task_index" : null);
}

async function readTaskParquet(root: string): Promise<TaskTable> {
  const path = "meta/tasks.parquet";
  try {
    const file = await ParquetFile.open(join(root, path));
    // pandas calls an unnamed index __index_level_0__; LeRobot writes the texts as an index.
    const column = ["task", "__index_level_0__"].find((name) => file.columns.includes(name)) ?? "task";
    const texts = await file.column(column, 0, file.rows);
    const indexes = await file.column("task_index", 0, file.rows);
    const rows = z.array(taskRow).parse(indexes.map((index, row) => [index, texts[row]]));
    return { texts: new Map(rows), problems: [] };
  } catch (error) {
    const message = `expected a table of tasks, got ${reason(error)}`;
    return { texts: new Map(), problems: [{ code: "malformed-metadata", path, message }] };
  }
}
