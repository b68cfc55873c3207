import type { Line } from "./line.ts";
import { type ChartSamples, minMaxSamples } from "./min-max.ts";

/** How a chart's axes run. */
export interface Scales {
  readonly isLogX: boolean;
  readonly isLogY: boolean;
}

/** What is drawn of a line, in the order in which it is. */
export type PartKind = "raw" | "low" | "high" | "line";

export interface PlottedPart {
  readonly kind: PartKind;
  readonly line: Line;
  readonly samples: ChartSamples;
}

/**
 * What is drawn of lines: as many samples as there are pixels, and on logarithmic axes only what is above 0.
 *
 * @param range   the steps that are seen
 * @param columns of pixels over the range
 */
export function plottedParts(
  lines: readonly Line[],
  scales: Scales,
  range: readonly [number, number],
  columns: number,
): PlottedPart[] {
  const lowest = scales.isLogY ? lowestPositive(lines) : null;
  return lines.flatMap((line) => {
    const part = (kind: PartKind, ys: ChartSamples["ys"]): PlottedPart => {
      const shown = scales.isLogX ? afterZero({ xs: line.xs, ys }) : { xs: line.xs, ys };
      const { xs, ys: kept } = minMaxSamples(shown, range, columns);
      return { kind, line, samples: { xs, ys: lowest === null ? kept : kept.map((y) => positive(kind, y, lowest)) } };
    };
    const raw = line.raw === null ? [] : [part("raw", line.raw)];
    const band = line.band === null ? [] : [part("low", line.band.low), part("high", line.band.high)];
    return [...raw, ...band, part("line", line.ys)];
  });
}

/** First and last step of all lines; `null` where none has one. */
export function stepRange(lines: readonly Line[], isLog: boolean): [number, number] | null {
  const ends = lines.flatMap(({ xs }) => {
    const first = isLog ? xs.find((x) => x > 0) : xs[0];
    return first === undefined ? [] : [first, xs.at(-1)!];
  });
  return ends.length === 0 ? null : [Math.min(...ends), Math.max(...ends)];
}

function afterZero({ xs, ys }: ChartSamples): ChartSamples {
  const begin = xs.findIndex((x) => x > 0);
  return begin === -1 ? { xs: [], ys: [] } : { xs: xs.slice(begin), ys: ys.slice(begin) };
}

/** An interval may reach down to 0, which has no place on a logarithmic axis: it is drawn to the lowest that has. */
function positive(kind: PartKind, y: number | null, lowest: number): number | null {
  if (y === null || y > 0) return y;
  return kind === "low" ? lowest : null;
}

function lowestPositive(lines: readonly Line[]): number {
  let lowest = Number.POSITIVE_INFINITY;
  for (const { ys, raw, band } of lines)
    for (const values of [ys, raw ?? [], band?.low ?? []])
      for (const y of values) if (y !== null && y > 0 && y < lowest) lowest = y;
  return Number.isFinite(lowest) ? lowest : 1;
}
