import type { Scales } from "../../chart/plotted.ts";
import type { Hover } from "./hover.ts";

/** What several charts of a view share. */
export interface ChartFrame {
  readonly scales: Scales;
  /** The steps that are seen; `null` for all. */
  readonly range: readonly [number, number] | null;
  readonly hover: Hover;
  /** Names of lines that are not drawn. */
  readonly hidden: ReadonlySet<string>;
  readonly chooseRange: (range: readonly [number, number] | null) => void;
  readonly toggle: (name: string) => void;
}
