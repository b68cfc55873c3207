import type { TargetedKeyboardEvent } from "preact";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import type { Line } from "../../chart/line.ts";
import { valueAt } from "../../chart/line.ts";
import { stepRange } from "../../chart/plotted.ts";
import { useTheme } from "../theme.ts";
import { downloadCsv, downloadPng } from "./download.ts";
import type { ChartFrame } from "./frame.ts";
import { Hover, useHoverStep } from "./hover.ts";
import { Legend } from "./legend.tsx";
import { brief } from "./number.ts";
import { Plot, type PlotContent } from "./plot.ts";
import { useWidth } from "./width.ts";

interface ChartProps {
  readonly title: string;
  /** What the values are, in a few words. */
  readonly subtitle: string;
  readonly lines: readonly Line[];
  readonly frame: ChartFrame;
}

const height = 220;

/** Lines over steps, with their values at the step that is pointed at. */
export function Chart({ title, subtitle, lines, frame }: ChartProps) {
  const shown = useMemo(() => lines.filter(({ name }) => !frame.hidden.has(name)), [lines, frame.hidden]);
  const { place, plot } = usePlot(shown, frame);
  return (
    <figure class="chart">
      <figcaption>
        <h3>{title}</h3>
        <p>{subtitle}</p>
        <button type="button" class="small" onClick={() => downloadCsv(title, shown)} aria-label={`${title} as CSV`}>
          CSV
        </button>
        <button
          type="button"
          class="small"
          onClick={() => plot.current && downloadPng(title, shown, plot.current.canvas)}
          aria-label={`${title} as PNG`}
        >
          PNG
        </button>
      </figcaption>
      <PlotFrame title={title} lines={shown} frame={frame}>
        <div class="plot" ref={place} style={{ height: `${height}px` }} />
      </PlotFrame>
      <Legend lines={lines} frame={frame} />
    </figure>
  );
}

/** Draws lines where `place` is put; anew where lines, colours, axes or the width are others, else only their values. */
function usePlot(lines: readonly Line[], frame: ChartFrame) {
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<Plot | null>(null);
  const theme = useTheme();
  const width = useWidth(place);
  const { scales, range, hover, chooseRange } = frame;
  const content: PlotContent = { lines, scales, range };
  const form = JSON.stringify([lines.map(formOf), scales, theme, width]);
  useEffect(() => {
    if (place.current === null || width === 0) return;
    const ears = { pointed: (step: number | null) => hover.point(step), chosen: chooseRange };
    const made = new Plot(place.current, content, { width, height }, ears);
    plot.current = made;
    const forget = hover.listen((step) => made.point(step));
    return () => {
      forget();
      made.destroy();
      plot.current = null;
    };
  }, [form]);
  useEffect(() => plot.current?.update(content), [lines, range]);
  return { place, plot };
}

function formOf({ name, colour, band, raw, isMarked }: Line) {
  return [name, colour, band !== null, raw !== null, isMarked];
}

interface PlotFrameProps {
  readonly title: string;
  readonly lines: readonly Line[];
  readonly frame: ChartFrame;
  readonly children: preact.ComponentChildren;
}

/** What a plot without the focus points at: its values are for who has it, and cost every other chart a drawing. */
const nowhere = new Hover();

/** Makes a plot a slider over its steps: the arrow keys point at steps, and a screen reader reads the values there. */
function PlotFrame({ title, lines, frame, children }: PlotFrameProps) {
  const [isFocused, setIsFocused] = useState(false);
  const step = useHoverStep(isFocused ? frame.hover : nowhere);
  const [first, last] = frame.range ?? stepRange(lines, frame.scales.isLogX) ?? [0, 0];
  const at = Math.round(step ?? last);
  const said = lines.map((line) => `${line.name} ${brief(valueAt(line, at)?.value ?? null)}`).join(", ");
  const move = (event: TargetedKeyboardEvent<HTMLDivElement>) => {
    const to = keyStep(event.key, at, [first, last]);
    if (to === null) return;
    event.preventDefault();
    frame.hover.point(to);
  };
  return (
    <div
      class="plot-frame"
      role="slider"
      tabIndex={0}
      aria-label={`${title}, step`}
      aria-valuemin={Math.round(first)}
      aria-valuemax={Math.round(last)}
      aria-valuenow={at}
      aria-valuetext={`step ${at}: ${said === "" ? "no data" : said}`}
      onKeyDown={move}
      onFocus={() => setIsFocused(true)}
      onBlur={() => setIsFocused(false)}
    >
      {children}
    </div>
  );
}

/** Where a key leads to; `null` for the keys that lead nowhere. */
function keyStep(key: string, at: number, [first, last]: readonly [number, number]): number | null {
  const page = Math.max(1, Math.round((last - first) / 20));
  const moves: Readonly<Record<string, number>> = {
    ArrowLeft: at - 1,
    ArrowRight: at + 1,
    PageDown: at - page,
    PageUp: at + page,
    Home: first,
    End: last,
  };
  const to = moves[key];
  return to === undefined ? null : Math.min(last, Math.max(first, to));
}
