import type { RolloutRow, RunEvents, ValidationRow } from "../dashboard/run-events.ts";
import type { Room } from "./live-region.ts";
import { percent } from "./progress.ts";
import { type TableColumn, table } from "./table.ts";
import { lossChange, shownLoss } from "./validation-table.ts";

/** Titles, the rule below them, and the mixture. */
const fixedRows = 3;

/**
 * Lines of a table by dataset and control mode: the first held-out loss, the last, what changed, and success in closed loop where it was
 * tried; none before the first validation.
 *
 * Where they would be too long, columns are left out, then ends of names; where they would be too many, groups.
 */
export function groupTable({ validations, rollouts }: GroupEvents, { columns, rows }: Room): string[] {
  const [first, last] = [validations[0], validations.at(-1)];
  if (first === undefined || last === undefined || rows < fixedRows) return [];
  const groups = groupRows(first, last, rollouts);
  const places = rows - fixedRows;
  // One of them says how many are left out.
  const shown = groups.length <= places ? groups : groups.slice(0, Math.max(0, places - 1));
  const [before, after] = [first.aggregate, last.aggregate];
  const lines = fitted(
    [...shown, { name: "mixture", dataset: "mixture", controlMode: "", before, after, success: "" }],
    columns,
  );
  const isCut = places > 0 && shown.length < groups.length;
  return isCut ? [...lines.slice(0, -1), `… ${groups.length - shown.length} more`, ...lines.slice(-1)] : lines;
}

type GroupEvents = Pick<RunEvents, "validations" | "rollouts">;

type Loss = Pick<ValidationRow["aggregate"], "loss">;

interface GroupRow {
  /** Of the dataset, with the control mode where it has several. */
  readonly name: string;
  readonly dataset: string;
  readonly controlMode: string;
  readonly before: Loss;
  readonly after: Loss;
  /** Empty where the robot of the dataset was not tried. */
  readonly success: string;
}

function groupRows(first: ValidationRow, last: ValidationRow, rollouts: readonly RolloutRow[]): GroupRow[] {
  return last.groups.map((after) => {
    const { dataset, controlMode } = after;
    const isOnly = last.groups.every((other) => other === after || other.dataset !== dataset);
    const before = first.groups.find((group) => group.dataset === dataset && group.controlMode === controlMode);
    const tried = rollouts.findLast((rollout) => rollout.dataset === dataset);
    return {
      name: isOnly ? dataset : `${dataset} / ${controlMode}`,
      dataset,
      controlMode,
      before: before ?? { loss: null },
      after,
      success: tried === undefined ? "" : percent(tried.successRate),
    };
  });
}

interface GroupColumn extends TableColumn {
  readonly cell: (row: GroupRow) => string;
}

const left = (title: string, cell: GroupColumn["cell"]): GroupColumn => ({ title, align: "left", cell });
const right = (title: string, cell: GroupColumn["cell"]): GroupColumn => ({ title, align: "right", cell });

const name = left("dataset", (row) => row.name);
const names = [left("dataset", (row) => row.dataset), left("control mode", (row) => row.controlMode)];
const first = right("first", ({ before }) => shownLoss(before));
const last = [
  right("last", ({ after }) => shownLoss(after)),
  right("change", ({ before, after }) => lossChange(before, after)),
];
const success = right("success", (row) => row.success);

function fitted(rows: readonly GroupRow[], columns: number): string[] {
  const tried = rows.some((row) => row.success !== "") ? [success] : [];
  const forms = [
    [...names, first, ...last, ...tried],
    [name, first, ...last, ...tried],
    [name, ...last, ...tried],
    [name, ...last],
  ];
  let narrowest: string[] = [];
  for (const form of forms) {
    narrowest = linesOf(form, rows);
    if (widthOf(narrowest) <= columns) return narrowest;
  }
  const longest = Math.max(...rows.map((row) => row.name.length)) - (widthOf(narrowest) - columns);
  const cut = (row: GroupRow) =>
    row.name.length <= longest ? row : { ...row, name: `${row.name.slice(0, Math.max(0, longest - 1))}…` };
  return linesOf([name, ...last], rows.map(cut)).map((line) => line.slice(0, columns));
}

function linesOf(form: readonly GroupColumn[], rows: readonly GroupRow[]): string[] {
  return table(
    form,
    rows.map((row) => form.map(({ cell }) => cell(row))),
  ).split("\n");
}

function widthOf(lines: readonly string[]): number {
  return Math.max(...lines.map(({ length }) => length));
}
