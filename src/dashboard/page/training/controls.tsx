import { useMemo, useState } from "preact/hooks";
import { changeQuery } from "../address.ts";
import type { ChartFrame } from "../chart/frame.ts";
import { Hover } from "../chart/hover.ts";
import { brief } from "../chart/number.ts";

/** What the address says of the charts beside their frame. */
export interface TrainingSettings {
  /** Of what came before, from 0 to below 1. */
  readonly smoothing: number;
}

const heaviest = 0.99;
const usual = 0.9;

/** How the charts are drawn, as the address says; a link shows what was seen. */
export function useFrame(query: URLSearchParams): { readonly frame: ChartFrame; readonly settings: TrainingSettings } {
  const [hover] = useState(() => new Hover());
  const key = String(query);
  return useMemo(() => {
    const asked = new URLSearchParams(key);
    const hidden = new Set(asked.getAll("hide"));
    const frame: ChartFrame = {
      scales: { isLogX: asked.get("x") === "log", isLogY: asked.get("y") !== "linear" },
      range: rangeOf(asked.get("steps")),
      hover,
      hidden,
      chooseRange: (range) => changeQuery({ steps: range === null ? null : range.map(Math.round).join("-") }, "push"),
      toggle: (name) =>
        changeQuery(
          { hide: hidden.has(name) ? [...hidden].filter((one) => one !== name) : [...hidden, name] },
          "replace",
        ),
    };
    return { frame, settings: { smoothing: smoothingOf(asked.get("smooth")) } };
  }, [key, hover]);
}

interface ControlsProps {
  readonly frame: ChartFrame;
  readonly settings: TrainingSettings;
}

export function Controls({ frame: { scales, range, chooseRange }, settings: { smoothing } }: ControlsProps) {
  return (
    <form class="controls" aria-label="Charts" onSubmit={(event) => event.preventDefault()}>
      <label>
        Smoothing
        <input
          type="range"
          min="0"
          max={heaviest}
          step="0.01"
          value={smoothing}
          onInput={(event) => changeQuery({ smooth: event.currentTarget.value }, "replace")}
        />
        <output>{smoothing.toFixed(2)}</output>
      </label>
      <label>
        <input
          type="checkbox"
          checked={scales.isLogY}
          onChange={() => changeQuery({ y: scales.isLogY ? "linear" : null }, "replace")}
        />
        Log values
      </label>
      <label>
        <input
          type="checkbox"
          checked={scales.isLogX}
          onChange={() => changeQuery({ x: scales.isLogX ? null : "log" }, "replace")}
        />
        Log steps
      </label>
      {range === null ? (
        <span class="quiet-text wide-only">Drag over a chart to see some steps of it.</span>
      ) : (
        <button type="button" class="small" onClick={() => chooseRange(null)}>
          Steps {brief(range[0])} to {brief(range[1])}: show all
        </button>
      )}
    </form>
  );
}

function smoothingOf(text: string | null): number {
  const asked = text === null ? usual : Number(text);
  return Number.isFinite(asked) ? Math.min(heaviest, Math.max(0, asked)) : usual;
}

function rangeOf(text: string | null): [number, number] | null {
  const [, from, to] = /^(\d+)-(\d+)$/.exec(text ?? "") ?? [];
  return from === undefined || to === undefined || Number(from) >= Number(to) ? null : [Number(from), Number(to)];
}
