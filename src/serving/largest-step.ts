import type { ActionRows } from "./limit.ts";
import type { Range } from "./seen-range.ts";

/** Actions none of which is farther from the one before it than its dof may go in one step. */
export interface SlowedActions {
  readonly actions: ActionRows;
  /** By dof, how many steps were too large. */
  readonly slowed: readonly number[];
}

/** Largest steps by dof: a share of the way between the least and the greatest value in the data. */
export function largestSteps({ low, high }: Range, share: number): Float64Array {
  return high.map((end, at) => share * (end - low[at]!));
}

/**
 * Each action as it is where it is near enough to the one before, else as far towards it as a step may go.
 *
 * @param from where each dof is when step 0 begins; `null` where nobody knows, so that step 0 is as it is
 * @param largest by dof, in the robot's own units per step of the chunk
 */
export function slowed(actions: ActionRows, from: readonly (number | null)[], largest: Float64Array): SlowedActions {
  const counts = new Array<number>(largest.length).fill(0);
  let before = from;
  const slow = actions.map((row) => {
    const next = row.map((value, dof) => {
      const last = before[dof] ?? null;
      if (last === null) return value;
      const most = largest[dof]!;
      const nearest = Math.min(Math.max(value, last - most), last + most);
      if (nearest !== value) counts[dof]!++;
      return nearest;
    });
    before = next;
    return next;
  });
  return { actions: slow, slowed: counts };
}
