import type { DatasetProblem } from "../problem.ts";
import type { EpisodeRecord } from "./episode-record.ts";
import type { ParquetFile } from "./parquet.ts";

/** Where instructions come from. */
export interface InstructionSource {
  readonly taskColumn: string | null;
  readonly taskTexts: ReadonlyMap<number, string>;
}

/**
 * The instruction of each frame of an episode; `null` where it has none.
 *
 * @param problems takes what is wrong with them
 * @throws Error if the file is damaged
 */
export async function readInstructions(
  file: ParquetFile,
  record: EpisodeRecord,
  { taskColumn: column, taskTexts }: InstructionSource,
  problems: DatasetProblem[],
): Promise<(string | null)[]> {
  const { path, firstRow } = record.table;
  const alike = (text: string | null) => Array.from({ length: record.length }, () => text);
  if (column === null) return alike(null);
  if (!file.columns.includes(column)) {
    const only = column === "task_index" ? onlyTask(record, taskTexts) : null;
    if (only !== null) return alike(only);
    const message = noInstructions(column);
    problems.push({ code: "missing-column", path: `${path} column "${column}"`, message, episode: record.index });
    return [];
  }
  const cells = await file.column(column, firstRow, firstRow + record.length);
  const texts = cells.map((cell) => instructionOf(cell, column, taskTexts));
  problems.push(...instructionProblems(record, column, { cells, texts }));
  return texts.map((text) => text ?? null);
}

/** What a cell says: a text, or the text of a task's index, which some writers wrap into a list or write as digits. */
export function instructionOf(
  cell: unknown,
  column: string,
  taskTexts: ReadonlyMap<number, string>,
): string | undefined {
  if (Array.isArray(cell) && cell.length === 1) return instructionOf(cell[0], column, taskTexts);
  if (typeof cell === "number" || typeof cell === "bigint") return taskTexts.get(Number(cell));
  if (typeof cell !== "string") return undefined;
  return column === "task_index" && /^\d+$/.test(cell) ? taskTexts.get(Number(cell)) : cell;
}

/** The one instruction that an episode can have: that which its entry lists, or the dataset's only one; `null` where there are several. */
export function onlyTask(
  { tasks }: Pick<EpisodeRecord, "tasks">,
  taskTexts: ReadonlyMap<number, string>,
): string | null {
  const [only, ...others] = new Set(tasks ?? taskTexts.values());
  return only === undefined || others.length > 0 || only.trim() === "" ? null : only;
}

function noInstructions(column: string): string {
  const cure = column === "task_index" ? "" : ', "task_index" for instance,';
  return `expected instructions, got no such column; name another${cure} as taskAnnotation, or give the mapping a fixed prompt`;
}

interface Instructions {
  readonly cells: readonly unknown[];
  readonly texts: readonly (string | undefined)[];
}

/** Frames without an instruction, and those with one that their episode is not said to have: the first of each. */
function instructionProblems(record: EpisodeRecord, column: string, { cells, texts }: Instructions): DatasetProblem[] {
  const path = `${record.table.path} column "${column}"`;
  const at = (frame: number) => `frame ${frame} of episode ${record.index}`;
  const unknown = texts.indexOf(undefined);
  const empty = texts.findIndex((text) => text?.trim() === "");
  const { tasks } = record;
  const isListed = column === "task_index" && tasks !== null && unknown < 0;
  const other = isListed ? texts.findIndex((text) => text !== undefined && !tasks.includes(text)) : -1;
  const problem = (code: DatasetProblem["code"], frame: number, message: string): DatasetProblem[] =>
    frame < 0 ? [] : [{ code, path, message, episode: record.index, row: frame }];
  const got = `got ${quoted([texts[other] ?? ""])} by its task_index ${cells[other]}`;
  return [
    ...problem("missing-task", unknown, `expected an index of the task table at ${at(unknown)}, got ${cells[unknown]}`),
    ...problem("missing-task", empty, `expected an instruction at ${at(empty)}, got an empty text`),
    ...problem(
      "contradicting-task",
      other,
      `expected ${quoted(tasks ?? [])} at ${at(other)}, as ${record.place} has it, ${got}`,
    ),
  ];
}

function quoted(texts: readonly string[]): string {
  return texts.map((text) => `"${text}"`).join(" or ");
}
