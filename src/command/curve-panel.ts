import type { Line } from "../dashboard/chart/line.ts";
import { plottedParts, stepRange } from "../dashboard/chart/plotted.ts";
import { BrailleCanvas, dots } from "./braille.ts";
import type { Room } from "./live-region.ts";
import type { Paint } from "./paint.ts";
import { significant } from "./progress.ts";

/** Rows of a panel that are not its curve: its title and its steps. */
export const panelFrame = 2;

/**
 * A curve of a loss over steps in characters, on a logarithmic axis: its title, the curve with its highest and its lowest value, and
 * its first and last step.
 *
 * @param room of which all is filled; wider than the values and higher than the frame
 * @returns `null` where the line has no value above 0
 */
export function curvePanel(title: string, line: Line, { columns, rows }: Room, paint: Paint): string[] | null {
  const steps = stepRange([line], false);
  const values = line.ys.reduce(widened, null);
  if (steps === null || values === null) return null;
  const labels = [...values].reverse().map(significant);
  const labelWidth = Math.max(...labels.map(({ length }) => length));
  const room = { columns: columns - labelWidth - 1, rows: rows - panelFrame };
  const curve = curveRows(line, { steps, values }, room);
  const label = (row: number) => {
    // A level curve has its one value beside it.
    if (values[0] === values[1]) return row === Math.floor(room.rows / 2) ? labels[0]! : "";
    return row === 0 ? labels[0]! : row === room.rows - 1 ? labels[1]! : "";
  };
  const [first, last] = [String(steps[0]), steps[1] > steps[0] ? String(steps[1]) : ""];
  return [
    title.slice(0, columns).padEnd(columns),
    ...curve.map((row, at) => `${paint("dim", label(at).padStart(labelWidth))} ${paint("cyan", row)}`),
    paint("dim", `${" ".repeat(labelWidth + 1)}${first}${last.padStart(room.columns - first.length)}`),
  ];
}

type Range = readonly [low: number, high: number];

function widened(range: Range | null, value: number | null): Range | null {
  if (value === null || !(value > 0)) return range;
  return range === null ? [value, value] : [Math.min(range[0], value), Math.max(range[1], value)];
}

function curveRows(
  line: Line,
  { steps: [from, to], values: [low, high] }: { readonly steps: Range; readonly values: Range },
  { columns, rows }: Room,
): string[] {
  const [lastX, lastY] = [columns * dots.across - 1, rows * dots.down - 1];
  const x = (step: number) => (to > from ? Math.round(((step - from) / (to - from)) * lastX) : 0);
  const y = (value: number) => Math.round((high > low ? Math.log(high / value) / Math.log(high / low) : 0.5) * lastY);
  const parts = plottedParts([line], { isLogX: false, isLogY: true }, [from, to], lastX + 1);
  const { xs, ys } = parts.find(({ kind }) => kind === "line")!.samples;
  const canvas = new BrailleCanvas(columns, rows);
  let before: readonly [number, number] | null = null;
  for (const [at, step] of xs.entries()) {
    const value = ys[at] ?? null;
    const own = value === null ? null : ([x(step), y(value)] as const);
    if (own !== null) canvas.line(before ?? own, own);
    before = own;
  }
  return canvas.rows();
}
