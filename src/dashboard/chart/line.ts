import type { ChartSamples } from "./min-max.ts";

/** A line of a chart over steps. */
export interface Line extends ChartSamples {
  /** Tells it apart in the chart, and in the address where it is hidden. */
  readonly name: string;
  /** Its place in the palette. */
  readonly colour: number;
  /** Of each value; `null` entries where it is not known. */
  readonly band: { readonly low: readonly (number | null)[]; readonly high: readonly (number | null)[] } | null;
  /** Measured at a few steps, which are marked, or at every step. */
  readonly isMarked: boolean;
  /** What it was before it was smoothed, drawn pale behind it; `null` where it is as it was. */
  readonly raw: readonly number[] | null;
}

/** What a line is at a step. */
export interface LineValue {
  readonly step: number;
  readonly value: number | null;
  readonly raw: number | null;
  readonly interval: readonly [low: number, high: number] | null;
}

/** The value at the step nearest to one; `null` where the line has no step. */
export function valueAt(line: Line, step: number): LineValue | null {
  const at = nearestAt(line.xs, step);
  if (at === null) return null;
  const [low, high] = [line.band?.low[at] ?? null, line.band?.high[at] ?? null];
  return {
    step: line.xs[at]!,
    value: line.ys[at] ?? null,
    raw: line.raw?.[at] ?? null,
    interval: low === null || high === null ? null : [low, high],
  };
}

/** All lines as a table of comma-separated values, a row for each step that one of them has. */
export function csvOf(lines: readonly Line[]): string {
  const columns = lines.flatMap((line) => {
    const of = (title: string, ys: ChartSamples["ys"]) => ({
      title,
      values: new Map(line.xs.map((x, at) => [x, ys[at] ?? null])),
    });
    const raw = line.raw === null ? [] : [of(`${line.name} (not smoothed)`, line.raw)];
    const band =
      line.band === null ? [] : [of(`${line.name} (low)`, line.band.low), of(`${line.name} (high)`, line.band.high)];
    return [of(line.name, line.ys), ...raw, ...band];
  });
  const steps = [...new Set(lines.flatMap(({ xs }) => xs))].sort((one, other) => one - other);
  const rows = steps.map((step) => [step, ...columns.map(({ values }) => values.get(step) ?? "")].join(","));
  return `${[["step", ...columns.map(({ title }) => quoted(title))].join(","), ...rows].join("\n")}\n`;
}

/** @source RFC 4180 */
function quoted(text: string): string {
  return /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

function nearestAt(xs: readonly number[], value: number): number | null {
  if (xs.length === 0) return null;
  let [low, high] = [0, xs.length - 1];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (xs[middle]! < value) low = middle;
    else high = middle;
  }
  return value - xs[low]! <= xs[high]! - value ? low : high;
}
