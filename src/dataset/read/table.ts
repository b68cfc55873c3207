import { HostArray } from "../../graph/host-array.ts";
import type { EpisodeTable, Feature } from "../dataset.ts";
import { featureWidth, isNumeric, isPaddingMark } from "../feature.ts";
import { DatasetError, type DatasetProblem } from "../problem.ts";
import type { EpisodeRecord } from "./episode-record.ts";
import { instructionOf, readInstructions } from "./instruction.ts";
import { type Defect, denseRows, type ParquetFile } from "./parquet.ts";

/** What a table is read with: the dataset's own words. */
export interface TableContext {
  readonly dataset: string;
  readonly features: ReadonlyMap<string, Feature>;
  readonly taskColumn: string | null;
  readonly taskTexts: ReadonlyMap<number, string>;
}

/** The rows of one episode, and what is wrong with them. */
export class Table implements EpisodeTable {
  readonly length: number;
  readonly values: ReadonlyMap<string, number>;
  readonly tasks: readonly (string | null)[];
  /** Wrong with the rows as a whole: nothing may be read from such a table. */
  readonly problems: readonly DatasetProblem[];
  /** Bytes that the numbers take. */
  readonly bytes: number;
  readonly #path: string;
  readonly #episode: number;
  readonly #context: TableContext;
  readonly #columns: ReadonlyMap<string, Float64Array | Defect>;
  readonly #texts: ReadonlyMap<string, readonly unknown[]>;

  constructor(record: EpisodeRecord, context: TableContext, read: TableRows) {
    this.length = record.length;
    this.values = record.values;
    this.tasks = read.tasks;
    this.problems = read.problems;
    this.#path = record.table.path;
    this.#episode = record.index;
    this.#context = context;
    this.#columns = read.columns;
    this.#texts = read.texts;
    const sizes = [...read.columns.values()].map((column) => (column instanceof Float64Array ? column.byteLength : 0));
    this.bytes = sizes.reduce((sum, size) => sum + size, 0);
  }

  vector(key: string): HostArray<"i j", "float64"> {
    const column = this.check(key);
    if (!(column instanceof Float64Array)) throw new DatasetError(this.#context.dataset, [column]);
    return new HostArray("i j", [this.length, column.length / Math.max(1, this.length)], "float64", column);
  }

  text(key: string): readonly (string | null)[] {
    const cells = this.#texts.get(key) ?? this.vector(key).cells;
    return Array.from(cells, (cell: unknown, frame) => {
      const text = instructionOf(cell, key, this.#context.taskTexts);
      if (text !== undefined) return text.trim() === "" ? null : text;
      if (cell === null || cell === undefined) return null;
      const expected = `expected a text, or an index of the task table, at ${this.#at(frame)}, got ${String(cell)}`;
      throw new DatasetError(this.#context.dataset, [
        this.#problem("missing-task", key, { row: frame, message: expected }),
      ]);
    });
  }

  /** The numbers of a column, or what is wrong with them. */
  check(key: string): Float64Array | DatasetProblem {
    const feature = this.#context.features.get(key);
    const column = this.#columns.get(key);
    if (feature === undefined || column === undefined) return this.#missing(key);
    const entries = featureWidth(feature);
    if (!(column instanceof Float64Array)) {
      const expected = `expected ${entries} ${entries === 1 ? "number" : "numbers"} at ${this.#at(column.row)}`;
      return this.#problem("wrong-width", key, { row: column.row, message: `${expected}, got ${column.got}` });
    }
    const nonFinite = column.findIndex((cell) => !Number.isFinite(cell));
    if (nonFinite < 0) return column;
    const row = Math.floor(nonFinite / entries);
    const at = `${this.#at(row)}, entry ${nonFinite % entries}`;
    return this.#problem("not-finite", key, {
      row,
      message: `expected a finite number at ${at}, got ${column[nonFinite]}`,
    });
  }

  #missing(key: string): DatasetProblem {
    const known = [...this.#columns.keys()].join(", ");
    return this.#problem("missing-column", key, { message: `expected such a column of numbers, got ${known}` });
  }

  #problem(code: DatasetProblem["code"], key: string, what: Pick<DatasetProblem, "message" | "row">): DatasetProblem {
    return { code, path: `${this.#path} column "${key}"`, episode: this.#episode, ...what };
  }

  #at(frame: number): string {
    return `frame ${frame} of episode ${this.#episode}`;
  }
}

/** What was found in a file for one episode. */
export interface TableRows {
  readonly columns: ReadonlyMap<string, Float64Array | Defect>;
  /** Columns of texts, cell by cell as they stand in the file. */
  readonly texts: ReadonlyMap<string, readonly unknown[]>;
  readonly tasks: readonly (string | null)[];
  readonly problems: readonly DatasetProblem[];
}

/**
 * Reads an episode's rows.
 *
 * @throws Error if the file is damaged
 */
export async function readTable(file: ParquetFile, record: EpisodeRecord, context: TableContext): Promise<Table> {
  const { path, firstRow, isWhole } = record.table;
  const end = firstRow + record.length;
  if (isWhole ? file.rows !== record.length : file.rows < end) {
    const message = `expected ${isWhole ? record.length : `at least ${end}`} rows for episode ${record.index}, got ${file.rows}`;
    return new Table(record, context, {
      columns: new Map(),
      texts: new Map(),
      tasks: [],
      problems: [...record.problems, { code: "wrong-length", path, message, episode: record.index }],
    });
  }
  const columns = new Map<string, Float64Array | Defect>();
  for (const feature of context.features.values())
    if (isNumeric(feature) && file.columns.includes(feature.key))
      columns.set(feature.key, denseRows(await file.column(feature.key, firstRow, end), featureWidth(feature)));
  const texts = new Map<string, readonly unknown[]>();
  for (const { key, type } of context.features.values())
    if (type === "string" && file.columns.includes(key)) texts.set(key, await file.column(key, firstRow, end));
  const counted = [
    ...counting(columns.get("episode_index"), () => record.index, "wrong-episode-border"),
    ...counting(columns.get("frame_index"), (row) => row, "wrong-frame-index"),
  ].map((problem) => ({
    ...problem,
    path,
    message: `${problem.message} of episode ${record.index}`,
    episode: record.index,
  }));
  const problems: DatasetProblem[] = [
    ...record.problems,
    ...counted,
    ...disordered(record, columns),
    ...unlistedRows(file, record),
    ...paddedRows(record, columns, context),
  ];
  const tasks = await readInstructions(file, record, context, problems);
  return new Table(record, context, { columns, texts, tasks, problems });
}

/** Rows of episodes that are not listed, which may stand before those that are, where no row says whose it is. */
function unlistedRows({ rows, columns }: ParquetFile, { index, table }: EpisodeRecord): DatasetProblem[] {
  if (table.isWhole || rows === table.listedRows || columns.includes("episode_index")) return [];
  const message = `expected ${table.listedRows} rows, as many as the episodes listed of this file have, got ${rows} and no column "episode_index"; which rows are those of episode ${index} is not known`;
  return [{ code: "wrong-row-range", path: table.path, message, episode: index }];
}

/** Rows whose times run backwards, where nothing else says which of them comes first: they are no recording as they stand. */
function disordered(
  { index, table: { path } }: EpisodeRecord,
  columns: ReadonlyMap<string, Float64Array | Defect>,
): DatasetProblem[] {
  const times = columns.get("timestamp");
  if (!(times instanceof Float64Array) || columns.has("frame_index")) return [];
  const back = times.findIndex((time, row) => row > 0 && time < times[row - 1]!);
  if (back < 0) return [];
  const got = `timestamp ${times[back]} after ${times[back - 1]} at row ${back} of episode ${index}`;
  const message = `expected rows in order, as no frame_index says theirs, got ${got}; sort them by their timestamps`;
  return [{ code: "wrong-frame-index", path: `${path} column "timestamp"`, message, episode: index, row: back }];
}

/** Rows that a column marks as padding: copies that nobody recorded, and no target. */
function paddedRows(
  { index, table: { path } }: EpisodeRecord,
  columns: ReadonlyMap<string, Float64Array | Defect>,
  { features }: TableContext,
): DatasetProblem[] {
  return [...features.values()].filter(isPaddingMark).flatMap((mark) => {
    const column = columns.get(mark.key);
    if (!(column instanceof Float64Array)) return [];
    const width = featureWidth(mark);
    const frame = column.findIndex((value, at) => at % width === 0 && value !== 0) / width;
    if (frame < 0) return [];
    const message = `expected frames of a recording, got one marked as padding at frame ${frame} of episode ${index}; cut such rows, or leave the episode out`;
    return [{ code: "padded-rows", path: `${path} column "${mark.key}"`, message, episode: index, row: frame }];
  });
}

function* counting(
  column: Float64Array | Defect | undefined,
  expected: (row: number) => number,
  code: "wrong-episode-border" | "wrong-frame-index",
) {
  if (!(column instanceof Float64Array)) return;
  const differing = column.findIndex((value, row) => value !== expected(row));
  const name = code === "wrong-frame-index" ? "frame_index" : "episode_index";
  const message = `expected ${name} ${expected(differing)}, got ${column[differing]} at row ${differing}`;
  if (differing >= 0) yield { code, message, row: differing };
}
