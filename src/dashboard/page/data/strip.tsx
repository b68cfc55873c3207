import type { ComponentChildren, TargetedPointerEvent } from "preact";
import { useEffect, useMemo, useRef } from "preact/hooks";
import { type ChartSamples, minMaxSamples } from "../../chart/min-max.ts";
import type { Hover } from "../chart/hover.ts";
import { useHoverStep } from "../chart/hover.ts";
import { colourOf } from "../chart/palette.ts";
import { useWidth } from "../chart/width.ts";
import { useTheme } from "../theme.ts";

/** A line of a strip. */
export interface StripLine extends ChartSamples {
  /** Variable of the style sheet. */
  readonly colour: string;
  readonly width: number;
  /** From 0 to 1. */
  readonly opacity: number;
}

/** One narrow chart of several that lie one below the other over the same rows. */
export interface StripContent {
  readonly name: string;
  /** Behind the name: its unit. */
  readonly detail: string;
  readonly lines: readonly StripLine[];
  /** What stands behind it, for the row of the cursor. */
  readonly said: (row: number) => ComponentChildren;
}

interface StripsProps {
  readonly label: string;
  readonly strips: readonly StripContent[];
  /** Rows from 0 to before this. */
  readonly length: number;
  readonly cursor: Hover;
  readonly height: number;
}

/** Narrow charts under a common cursor that follows the pointer; the slider beside the film moves it by keyboard. */
export function Strips({ label, strips, length, cursor, height }: StripsProps) {
  const place = useRef<HTMLDivElement>(null);
  const width = useWidth(place);
  const point = (event: TargetedPointerEvent<HTMLDivElement>, isDown: boolean) => {
    if (!isDown || place.current === null) return;
    const { left, width: wide } = place.current.getBoundingClientRect();
    const share = Math.min(1, Math.max(0, (event.clientX - left) / wide));
    cursor.point(Math.round(share * (length - 1)));
  };
  return (
    <section class="strips" aria-label={label}>
      <div
        class="strip-field"
        onPointerDown={(event) => {
          event.currentTarget.setPointerCapture(event.pointerId);
          point(event, true);
        }}
        onPointerMove={(event) => point(event, event.buttons === 1)}
      >
        <div class="strip-place" ref={place}>
          <CursorLine cursor={cursor} length={length} />
        </div>
        {strips.map((strip) => (
          <Strip key={strip.name} strip={strip} width={width} height={height} length={length} cursor={cursor} />
        ))}
      </div>
    </section>
  );
}

function CursorLine({ cursor, length }: { readonly cursor: Hover; readonly length: number }) {
  const row = useHoverStep(cursor) ?? 0;
  return <div class="cursor-line" style={{ left: `${(100 * row) / Math.max(1, length - 1)}%` }} />;
}

interface StripProps {
  readonly strip: StripContent;
  readonly width: number;
  readonly height: number;
  readonly length: number;
  readonly cursor: Hover;
}

/** Height of a strip in which nothing moves, in pixels. */
const stillHeight = 16;

function Strip({ strip, width, height: full, length, cursor }: StripProps) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const theme = useTheme();
  const range = useMemo(() => valueRange(strip.lines), [strip.lines]);
  const height = strip.lines.every(isStill) ? Math.min(full, stillHeight) : full;
  useEffect(() => {
    if (canvas.current !== null && width > 0)
      draw(canvas.current, { lines: strip.lines, range, width, height, length });
  }, [strip.lines, range, width, height, length, theme]);
  return (
    <div class="strip">
      <span class="strip-name" title={strip.name}>
        {strip.name} <span class="quiet-text">{strip.detail}</span>
      </span>
      <canvas ref={canvas} style={{ height: `${height}px` }} />
      <StripValue said={strip.said} cursor={cursor} />
    </div>
  );
}

function StripValue({ said, cursor }: { readonly said: StripContent["said"]; readonly cursor: Hover }) {
  return <span class="strip-value">{said(useHoverStep(cursor) ?? 0)}</span>;
}

function isStill({ ys }: StripLine): boolean {
  return ys.every((y) => y === ys[0]);
}

function valueRange(lines: readonly StripLine[]): readonly [number, number] {
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const { ys } of lines)
    for (const y of ys) {
      if (y === null) continue;
      if (y < low) low = y;
      if (y > high) high = y;
    }
  if (!(high > low)) return Number.isFinite(low) ? [low - 1, low + 1] : [-1, 1];
  return [low, high];
}

interface Drawing {
  readonly lines: readonly StripLine[];
  readonly range: readonly [number, number];
  readonly width: number;
  readonly height: number;
  readonly length: number;
}

/** Room above and below the lines, in pixels. */
const margin = 3;

function draw(canvas: HTMLCanvasElement, { lines, range: [low, high], width, height, length }: Drawing): void {
  const ratio = devicePixelRatio;
  canvas.width = Math.round(width * ratio);
  canvas.height = Math.round(height * ratio);
  const context = canvas.getContext("2d");
  if (context === null) return;
  context.scale(ratio, ratio);
  context.clearRect(0, 0, width, height);
  const last = Math.max(1, length - 1);
  const across = (x: number) => (x / last) * width;
  const down = (y: number) => height - margin - ((y - low) / (high - low)) * (height - 2 * margin);
  context.strokeStyle = colourOf("--grid");
  if (low < 0 && high > 0)
    stroke(context, [
      [0, down(0)],
      [width, down(0)],
    ]);
  for (const line of lines) {
    const { xs, ys } = minMaxSamples(line, [0, last], Math.ceil(width));
    context.strokeStyle = colourOf(line.colour);
    context.globalAlpha = line.opacity;
    context.lineWidth = line.width;
    stroke(
      context,
      xs.map((x, at): [number, number | null] => [across(x), ys[at] == null ? null : down(ys[at])]),
    );
  }
  context.globalAlpha = 1;
}

/** A line through places, open where there is none. */
function stroke(context: CanvasRenderingContext2D, places: readonly (readonly [number, number | null])[]): void {
  context.beginPath();
  let isOpen = false;
  for (const [x, y] of places) {
    if (y === null) isOpen = false;
    else if (isOpen) context.lineTo(x, y);
    else context.moveTo(x, y);
    isOpen = y !== null;
  }
  context.stroke();
}
