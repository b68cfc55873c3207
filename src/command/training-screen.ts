import type { Line } from "../dashboard/chart/line.ts";
import type { RunEvents } from "../dashboard/run-events.ts";
import type { Pace } from "../dashboard/run-times.ts";
import { aggregateLines, stepLines } from "../dashboard/training-lines.ts";
import { curvePanel, panelFrame } from "./curve-panel.ts";
import { groupTable } from "./group-table.ts";
import type { Room } from "./live-region.ts";
import type { Paint } from "./paint.ts";
import { significant } from "./progress.ts";

/** What a run has logged, and what is going on. */
export interface ShownTraining {
  readonly events: RunEvents;
  /** `null` before the first seconds have passed. */
  readonly pace: Pace | null;
  readonly batchSize: number;
  /** How far the training, a validation or a rollout is. */
  readonly bar: (room: number) => string;
  /** Whether a table by group will be printed behind it. */
  readonly isOver: boolean;
}

/** What came before weighs so much in the curve of the training loss, as in the dashboard where nothing else is asked for. */
const smoothing = 0.9;

/** Two curves stand side by side where each has so many columns, or more. */
const narrowestPair = 27;
const [lowestCurve, highestCurve] = [3, 10];
const gap = "   ";

/**
 * What a person sees while a policy trains: how far it is, its last numbers, the curves of its losses, and its groups. Where there is
 * no room for all, the curves become lower, then the table shorter.
 */
export function trainingLines(state: ShownTraining, { columns, rows }: Room, paint: Paint): string[] {
  const bar = state.bar(columns);
  const numbers = flowing(numbersOf(state), columns);
  if (rows < numbers.length + 1) return [bar];
  const left = rows - 1 - numbers.length;
  const curves = curvesOf(state);
  // A blank line before each part.
  const kept = curves.length > 0 && left >= 12 ? panelFrame + lowestCurve + 2 : 1;
  const table = state.isOver ? [] : groupTable(state.events, { columns, rows: left - kept });
  const rest = left - (table.length > 0 ? table.length + 1 : 0) - 1;
  const panels = panelsOf(curves, { columns, rows: rest }, paint);
  const parts = [[bar, ...numbers.map((line) => paint("dim", line))], panels, table].filter(({ length }) => length > 0);
  return parts.flatMap((part, at) => (at === 0 ? part : ["", ...part])).map((line) => line.trimEnd());
}

/** The last number of each kind that there is. */
function numbersOf({ events: { steps }, pace, batchSize }: ShownTraining): string[] {
  const last = (name: string, values: readonly number[]) =>
    values.length === 0 ? [] : [`${name} ${significant(values.at(-1)!)}`];
  return [
    ...last("loss", steps.loss),
    ...last("gradient norm", steps.gradientNorm),
    ...last("learning rate", steps.learningRate),
    ...(pace === null
      ? []
      : [
          `${significant(pace.stepsPerSecond * batchSize)} samples/s`,
          `data wait ${Math.round(100 * pace.waitShare)} %`,
        ]),
  ];
}

/** Pieces of text beside each other, in as many lines as they take. */
function flowing(pieces: readonly string[], columns: number): string[] {
  const lines: string[] = [];
  for (const piece of pieces) {
    const joined = lines.length === 0 ? piece : `${lines.at(-1)}  ${piece}`;
    if (lines.length === 0 || joined.length > columns) lines.push(piece.slice(0, columns));
    else lines.splice(-1, 1, joined);
  }
  return lines;
}

interface TitledCurve {
  readonly title: string;
  readonly line: Line;
}

function curvesOf({ events, batchSize }: ShownTraining): TitledCurve[] {
  const log = { ...events, times: noTimes, isFromStart: true, isTorn: false };
  const runs = [{ name: "", colour: 0, log, batchSize }];
  // One value alone is no curve.
  return [
    ...stepLines(runs, "loss", smoothing).map((line) =>
      titled("training loss", line, (value) => `${significant(value)} smoothed`),
    ),
    ...aggregateLines(runs).map((line) => titled("held-out loss", line, (value) => value.toFixed(4))),
  ].filter(({ line }) => line.ys.filter((value) => value !== null && value > 0).length > 1);
}

const noTimes = { step: [], at: [], waitedMs: [], isStart: [] };

function titled(title: string, line: Line, shown: (value: number) => string): TitledCurve {
  const last = line.ys.at(-1) ?? null;
  return { title: last === null ? title : `${title} ${shown(last)}`, line };
}

/** Curves side by side, or below each other where they would be too narrow; those that do not fit are left out. */
function panelsOf(curves: readonly TitledCurve[], { columns, rows }: Room, paint: Paint): string[] {
  const drawn = (own: Room) => curves.map(({ title, line }) => curvePanel(title, line, own, paint) ?? []);
  const beside = Math.floor((columns - gap.length) / 2);
  if (curves.length === 2 && beside >= narrowestPair) {
    const height = heightOf(rows);
    if (height === 0) return [];
    const [one, other] = drawn({ columns: beside, rows: height });
    return one!.map((row, at) => `${row}${gap}${other![at]}`);
  }
  const fitting = Math.min(curves.length, Math.floor((rows + 1) / (lowestCurve + panelFrame + 1)));
  if (fitting <= 0) return [];
  const height = heightOf(Math.floor((rows + 1) / fitting) - 1);
  return drawn({ columns: Math.min(columns, widestCurve), rows: height })
    .slice(0, fitting)
    .flatMap((panel, at) => (at === 0 ? panel : ["", ...panel]));
}

const widestCurve = 60;

/** Rows of a panel; 0 where there is no room for one. */
function heightOf(rows: number): number {
  const curve = Math.min(highestCurve, rows - panelFrame);
  return curve < lowestCurve ? 0 : curve + panelFrame;
}
