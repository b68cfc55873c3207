import { join } from "node:path";
import { z } from "zod";
import type { DatasetVersion, TaskAnnotation } from "../dataset.ts";
import { type DatasetProblem, misfit } from "../problem.ts";
import { readJsonLines } from "./json-lines.ts";
import { ParquetFile } from "./parquet.ts";

/** The texts that frames refer to by index. */
export interface TaskTable {
  readonly texts: ReadonlyMap<number, string>;
  readonly problems: readonly DatasetProblem[];
}

/** An annotation that `modality.json` names, and the column that holds it. */
export interface Annotation {
  readonly name: string;
  readonly column: string;
}

/** One entry of a task table, and where it stands. */
interface TaskEntry {
  readonly place: string;
  readonly index: number;
  readonly text: string;
}

const taskLine = z.looseObject({ task_index: z.int().nonnegative(), task: z.string() });

const taskRow = z.object({ task_index: z.union([z.int(), z.bigint().transform(Number)]), task: z.string() });

/** The task table of a dataset: `tasks.jsonl` (v2) or `tasks.parquet` (v3). */
export async function readTasks(root: string, version: DatasetVersion): Promise<TaskTable> {
  if (version === "v3.0") return await readTaskParquet(root);
  const { lines, problems } = await readJsonLines(root, "meta/tasks.jsonl", taskLine);
  const entries = lines.map(({ place, value }) => ({ place, index: value.task_index, text: value.task }));
  return tableOf(entries, problems);
}

/**
 * The column that a frame's instruction is read from; `null` where it has none.
 *
 * Of several annotations only a task description is an instruction: `human.validity` says "valid" of a demonstration.
 *
 * @throws RangeError if more than one annotation is a task description
 */
export function taskColumn(
  choice: TaskAnnotation,
  annotations: readonly Annotation[],
  columns: ReadonlySet<string>,
): string | null {
  if (choice === "none") return null;
  if (choice !== "declared") return choice.column;
  const descriptions = annotations.filter(({ name }) => name.endsWith("task_description"));
  const found = [...new Set(descriptions.map(({ column }) => column))];
  if (found.length > 1)
    throw new RangeError(`expected one task description, got ${found.join(", ")}; name one as taskAnnotation`);
  return found[0] ?? (columns.has("task_index") ? "task_index" : null);
}

async function readTaskParquet(root: string): Promise<TaskTable> {
  const path = "meta/tasks.parquet";
  const entries: TaskEntry[] = [];
  const problems: DatasetProblem[] = [];
  try {
    const file = await ParquetFile.open(join(root, path));
    // pandas calls an unnamed index __index_level_0__; LeRobot writes the texts as an index.
    const column = ["task", "__index_level_0__"].find((name) => file.columns.includes(name)) ?? "task";
    const texts = await file.column(column, 0, file.rows);
    const indexes = await file.column("task_index", 0, file.rows);
    for (const [row, task_index] of indexes.entries()) {
      const place = `${path} row ${row}`;
      const parsed = taskRow.safeParse({ task_index, task: texts[row] }, { reportInput: true });
      if (parsed.success) entries.push({ place, index: parsed.data.task_index, text: parsed.data.task });
      else problems.push({ code: "malformed-metadata", path: place, message: misfit("a task", parsed.error) });
    }
  } catch (error) {
    problems.push({ code: "malformed-metadata", path, message: misfit("a table of tasks", error) });
  }
  return tableOf(entries, problems);
}

/** The texts by index, with a problem for each index that has two and each text that is empty. */
function tableOf(entries: readonly TaskEntry[], before: readonly DatasetProblem[]): TaskTable {
  const problems = [...before];
  const known = new Map<number, TaskEntry>();
  for (const entry of entries) {
    const { place: path, index, text } = entry;
    const first = known.get(index);
    if (first === undefined) known.set(index, entry);
    else if (first.text !== text) {
      const message = `expected one text for task_index ${index}, got ${JSON.stringify(text)}, and ${JSON.stringify(first.text)} at ${first.place}`;
      problems.push({ code: "repeated-task", path, message: `${message}; remove the one that is not meant` });
    }
    if (text.trim() === "") {
      const message = `expected an instruction for task_index ${index}, got an empty text; frames with it have none`;
      problems.push({ code: "empty-task", path, message });
    }
  }
  return { texts: new Map([...known].map(([index, { text }]) => [index, text])), problems };
}
