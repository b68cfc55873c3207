import type { FieldJson, MemberJson } from "../../padding/batch-map.ts";

/** A field of a sample as a grid: what its columns and rows are, and which cells are real. */
export interface FieldGrid {
  readonly columns: number;
  readonly rows: number;
  readonly isReal: (column: number, row: number) => boolean;
  /** What stands before a row of the grid; empty where nothing does. */
  readonly rowName: (row: number) => string;
  /** What a column is, in a few words. */
  readonly columnName: (column: number) => string;
}

/** The grid of a field: steps of actions from left to right and their slots downwards, tokens and slots of a state from left to right. */
export function fieldGrid({ name, axes }: FieldJson, real: string, member: MemberJson): FieldGrid {
  const [first, second] = axes;
  const across = second ?? first!;
  const outer = second === undefined ? 1 : first!.size;
  const isCell = (row: number, column: number) => real[row * across.size + column] === "1";
  if (name === "actions")
    return {
      columns: outer,
      rows: across.size,
      isReal: (column, row) => isCell(column, row),
      rowName: (row) => member.dofs[row] ?? "",
      columnName: (column) => `step ${column}`,
    };
  const names = namesAlong(across.letter, member);
  return {
    columns: across.size,
    rows: outer,
    isReal: (column, row) => isCell(row, column),
    rowName: (row) => (outer === 1 ? "" : row === outer - 1 ? "now" : `slot ${row - outer + 1}`),
    columnName: (column) => names[column] ?? `${wordOf(across.letter)} ${column}`,
  };
}

/** How many cells of a text of marks are real. */
export function realCount(real: string): number {
  return real.replaceAll("0", "").length;
}

function namesAlong(letter: string, { states, views }: MemberJson): readonly (string | null)[] {
  if (letter === "s") return states;
  return letter === "v" || letter === "x" ? views : [];
}

function wordOf(letter: string): string {
  return { s: "state slot", v: "view", x: "subgoal" }[letter] ?? "token";
}

/** The largest grid, and the largest side of a cell, in pixels. */
export interface MapSize {
  readonly width: number;
  readonly height: number;
  readonly side: number;
}

interface MapProps {
  readonly field: FieldJson;
  readonly grid: FieldGrid;
  readonly size: MapSize;
}

/** What is real of a field of a sample: full cells are, pale ones are padding. */
export function FieldMap({ field, grid, size }: MapProps) {
  const { columns, rows } = grid;
  const across = sideFor(size.width, columns, size.side);
  // One row of many tokens is still seen.
  const down = Math.max(sideFor(size.height, rows, size.side), rows === 1 ? thinnest : 0);
  const gap = Math.min(across, down) > 4 ? 1 : 0;
  return (
    <svg
      class="field-map"
      width={columns * across}
      height={rows * down}
      viewBox={`0 0 ${columns} ${rows}`}
      preserveAspectRatio="none"
      role="img"
      aria-label={saidOf(field, grid)}
    >
      <path class="padding-cell" d={cellPath(grid, false)} stroke-width={gap} />
      <path class="real-cell" d={cellPath(grid, true)} stroke-width={gap} />
    </svg>
  );
}

const thinnest = 6;

function sideFor(room: number, count: number, most: number): number {
  return Math.max(1, Math.min(most, room / count));
}

/** The text alternative: how much is real, and which rows and columns. */
export function saidOf({ name }: FieldJson, grid: FieldGrid): string {
  const { columns, rows, isReal } = grid;
  const columnsReal = indices(columns).filter((column) => indices(rows).some((row) => isReal(column, row)));
  const rowsReal = indices(rows).filter((row) => indices(columns).some((column) => isReal(column, row)));
  const count = indices(rows).reduce((sum, row) => sum + indices(columns).filter((at) => isReal(at, row)).length, 0);
  const names = rowsReal.map(grid.rowName).filter((text) => text !== "");
  const [from, to] = [columnsReal[0], columnsReal.at(-1)];
  const span = from === undefined || to === undefined ? "" : `; ${grid.columnName(from)} to ${grid.columnName(to)}`;
  return `${name}: ${count} of ${columns * rows} cells are real${span}${names.length === 0 ? "" : `; ${names.join(", ")}`}`;
}

function cellPath({ columns, rows, isReal }: FieldGrid, isWanted: boolean): string {
  const cells = indices(rows).flatMap((row) =>
    indices(columns).map((column) => (isReal(column, row) === isWanted ? `M${column} ${row}h1v1h-1z` : "")),
  );
  return cells.join("");
}

function indices(count: number): number[] {
  return Array.from({ length: count }, (_, at) => at);
}
