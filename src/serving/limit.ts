import type { Range } from "./seen-range.ts";

/** Actions by step and dof, in the robot's own units. */
export type ActionRows = readonly (readonly number[])[];

/** What becomes of actions outside their limits. */
export const limitChoices = ["clamp", "refuse", "off"] as const;

export type LimitChoice = (typeof limitChoices)[number];

/** Less than any encoder tells apart; a dof that never moved in the data has limits so far from its constant. */
const leastWidening = 1e-5;

/**
 * Limits from where actions were, wider on both sides by a share of the way between.
 *
 * Their ends are float32, as actions are when they leave: what is clamped to an end is not rounded to beyond it.
 */
export function widened({ low, high }: Range, share: number): Range {
  const by = (at: number) => Math.max(leastWidening, share * (high[at]! - low[at]!));
  return {
    low: low.map((end, at) => Math.fround(end - by(at))),
    high: high.map((end, at) => Math.fround(end + by(at))),
  };
}

/** Actions within limits. */
export interface LimitedActions {
  readonly actions: ActionRows;
  /** By dof, how many steps were outside. */
  readonly outside: readonly number[];
}

/** Each action where it is within its limits, else the end that it is beyond. */
export function limited(actions: ActionRows, { low, high }: Range): LimitedActions {
  const outside = new Array<number>(low.length).fill(0);
  const within = actions.map((row) =>
    row.map((value, dof) => {
      const nearest = Math.min(Math.max(value, low[dof]!), high[dof]!);
      if (nearest !== value) outside[dof]!++;
      return nearest;
    }),
  );
  return { actions: within, outside };
}

/** The first action outside its limits; `null` where all are within. */
export function firstOutside(actions: ActionRows, { low, high }: Range): { step: number; dof: number } | null {
  for (const [step, row] of actions.entries()) {
    const dof = row.findIndex((value, at) => value < low[at]! || value > high[at]!);
    if (dof >= 0) return { step, dof };
  }
  return null;
}
