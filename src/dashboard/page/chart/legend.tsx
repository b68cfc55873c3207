import type { Line } from "../../chart/line.ts";
import { valueAt } from "../../chart/line.ts";
import type { ChartFrame } from "./frame.ts";
import { useHoverStep } from "./hover.ts";
import { brief } from "./number.ts";
import { colourName } from "./palette.ts";

/** The lines of a chart with their values at the step pointed at, else at their last; a click hides one and brings it back. */
export function Legend({ lines, frame }: { readonly lines: readonly Line[]; readonly frame: ChartFrame }) {
  const step = useHoverStep(frame.hover);
  return (
    <ul class="legend">
      {lines.map((line) => (
        <LegendEntry key={line.name} line={line} step={step} frame={frame} />
      ))}
    </ul>
  );
}

interface EntryProps {
  readonly line: Line;
  readonly step: number | null;
  readonly frame: ChartFrame;
}

function LegendEntry({ line, step, frame }: EntryProps) {
  const found = valueAt(line, step ?? Number.POSITIVE_INFINITY);
  const isShown = !frame.hidden.has(line.name);
  return (
    <li>
      <button type="button" aria-pressed={isShown} onClick={() => frame.toggle(line.name)}>
        <span class="swatch" style={{ background: `var(${colourName(line.colour)})` }} />
        <span class="name">{line.name}</span>
      </button>
      <span class="value">{brief(found?.value ?? null)}</span>
      {found?.interval && (
        <span class="interval">
          {brief(found.interval[0])}–{brief(found.interval[1])}
        </span>
      )}
      {found && step !== null && <span class="at">at {brief(found.step)}</span>}
    </li>
  );
}
