import uPlot from "uplot";
import type { Line } from "../../chart/line.ts";
import { type PlottedPart, plottedParts, type Scales, stepRange } from "../../chart/plotted.ts";
import { logTicks } from "../../chart/ticks.ts";
import { brief } from "./number.ts";
import { colourName, colourOf } from "./palette.ts";

/** What a plot shows. */
export interface PlotContent {
  readonly lines: readonly Line[];
  readonly scales: Scales;
  /** The steps that are seen; `null` for all. */
  readonly range: readonly [number, number] | null;
}

export interface PlotSize {
  readonly width: number;
  readonly height: number;
}

/** What a plot tells. */
export interface PlotEars {
  readonly pointed: (step: number | null) => void;
  readonly chosen: (range: readonly [number, number] | null) => void;
}

/** The picture of a chart; its own size, colours and lines never change: a chart with others makes another. */
export class Plot {
  readonly #plot: uPlot;
  #content: PlotContent;

  constructor(root: HTMLElement, content: PlotContent, size: PlotSize, ears: PlotEars) {
    this.#content = content;
    const parts = partsOf(content, size.width);
    this.#plot = new uPlot(optionsOf(content, parts, size, ears), alignedData(parts), root);
    this.#show();
  }

  get canvas(): HTMLCanvasElement {
    return this.#plot.ctx.canvas;
  }

  /** Draws other values of the same lines. */
  update(content: PlotContent): void {
    this.#content = content;
    this.#plot.setData(alignedData(partsOf(content, this.#plot.width)), false);
    this.#show();
  }

  /** Moves the cursor to a step, which may come from another plot; `null` takes it away. */
  point(step: number | null): void {
    const left = step === null ? -10 : this.#plot.valToPos(step, "x");
    if (this.#plot.cursor.left !== left) this.#plot.setCursor({ left, top: left < 0 ? -10 : 0 }, false);
  }

  destroy(): void {
    this.#plot.destroy();
  }

  #show(): void {
    const { lines, scales, range } = this.#content;
    const [min, max] = range ?? stepRange(lines, scales.isLogX) ?? [0, 1];
    this.#plot.setScale("x", max > min ? { min, max } : { min: min - 0.5, max: max + 0.5 });
  }
}

function partsOf({ lines, scales, range }: PlotContent, width: number): PlottedPart[] {
  return plottedParts(
    lines,
    scales,
    range ?? stepRange(lines, scales.isLogX) ?? [0, 1],
    Math.max(1, Math.round(width)),
  );
}

/** The parts over the steps of all of them. */
function alignedData(parts: readonly PlottedPart[]): uPlot.AlignedData {
  if (parts.length === 0) return [[]];
  return uPlot.join(parts.map(({ samples }): uPlot.AlignedData => [[...samples.xs], [...samples.ys]]));
}

function optionsOf(
  { scales }: PlotContent,
  parts: readonly PlottedPart[],
  size: PlotSize,
  ears: PlotEars,
): uPlot.Options {
  const axis = {
    stroke: colourOf("--quiet"),
    font: "12px system-ui, sans-serif",
    grid: { stroke: colourOf("--grid"), width: 1 },
    ticks: { show: false },
  };
  return {
    ...size,
    legend: { show: false },
    scales: { x: { time: false, ...logarithmic(scales.isLogX) }, y: valueScale(scales.isLogY) },
    axes: [
      { ...axis, size: 28, values: (_, splits) => splits.map((value) => (value === null ? "" : steps(value))) },
      {
        ...axis,
        size: 56,
        ...valueTicks(scales.isLogY),
        values: (_, splits) => splits.map((value) => (value === null ? "" : brief(value))),
      },
    ],
    series: [{}, ...parts.map(seriesOf)],
    bands: bandsOf(parts),
    cursor: {
      y: false,
      drag: { x: true, y: false, setScale: false },
      points: { size: 7 },
      hover: { skip: [null, undefined] },
      bind: {
        dblclick: () => () => {
          ears.chosen(null);
          return null;
        },
      },
    },
    hooks: {
      setCursor: [(plot) => ears.pointed(pointedStep(plot))],
      setSelect: [(plot) => select(plot, ears)],
    },
  };
}

function logarithmic(isLog: boolean): uPlot.Scale {
  return isLog ? { distr: 3, log: 10 } : { distr: 1 };
}

/** A logarithmic axis of values ends a little beyond them, and not at the next power of ten. */
function valueScale(isLog: boolean): uPlot.Scale {
  if (!isLog) return { distr: 1 };
  const range = (_: uPlot, low: number | null, high: number | null): [number, number] =>
    low === null || high === null || low <= 0 ? [0.1, 1] : [low / 1.15, high * 1.15];
  return { distr: 3, log: 10, range };
}

function valueTicks(isLog: boolean): Pick<uPlot.Axis, "splits" | "filter"> {
  // By itself uPlot leaves out the labels of most lines of a logarithmic axis.
  return isLog ? { splits: (_plot, _axis, low, high) => logTicks(low, high), filter: (_plot, splits) => splits } : {};
}

function seriesOf({ kind, line }: PlottedPart): uPlot.Series {
  const colour = colourOf(colourName(line.colour));
  const isEdge = kind === "low" || kind === "high";
  return {
    stroke: isEdge ? "transparent" : kind === "raw" ? withAlpha(colour, 0.3) : colour,
    width: isEdge ? 0 : kind === "raw" ? 1 : 1.75,
    // Where another line has a step and this one has none, `join` leaves it undefined, which is no gap; null is one.
    spanGaps: false,
    points: kind === "line" && line.isMarked ? { show: true, size: 5, fill: colour } : { show: false },
  };
}

function bandsOf(parts: readonly PlottedPart[]): uPlot.Band[] {
  return parts.flatMap(({ kind, line }, at) =>
    // The highs of a band stand after its lows; the first series are the steps.
    kind === "high" ? [{ series: [at + 1, at], fill: withAlpha(colourOf(colourName(line.colour)), 0.16) }] : [],
  );
}

/** @param colour `#rrggbb` */
function withAlpha(colour: string, alpha: number): string {
  return `${colour}${Math.round(alpha * 255)
    .toString(16)
    .padStart(2, "0")}`;
}

function steps(value: number): string {
  return Number.isInteger(value) ? value.toLocaleString("en", { notation: value >= 1e6 ? "compact" : "standard" }) : "";
}

function pointedStep(plot: uPlot): number | null {
  const { left } = plot.cursor;
  return left === undefined || left < 0 ? null : plot.posToVal(left, "x");
}

function select(plot: uPlot, ears: PlotEars): void {
  const { left, width } = plot.select;
  if (width < 4) return;
  ears.chosen([plot.posToVal(left, "x"), plot.posToVal(left + width, "x")]);
  plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
}
