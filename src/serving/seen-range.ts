import type { Statistics } from "../dataset/statistics.ts";
import type { ActionFrame } from "../embodiment/delta.ts";
import type { Embodiment } from "../embodiment/embodiment.ts";
import { conversionsOf } from "../embodiment/unit.ts";

/** The least and the greatest value by dof, in the robot's own units. */
export interface Range {
  readonly low: Float64Array;
  readonly high: Float64Array;
}

/** Where a robot's actions were in the data that its policy was trained on. */
export interface SeenRanges {
  readonly extremes: Range;
  /** From the first to the 99th percentile. */
  readonly quantiles: Range;
}

/**
 * Where a robot's actions were in its data, absolute and in its own units; `null` where nobody measured it, as with imported weights whose
 * statistics say no count: what stands there for extremes may be anything.
 *
 * A dof that the policy thinks of as a difference from a state entry was where that entry was.
 */
export function seenRanges(
  { action, state }: { readonly action: Statistics; readonly state: Statistics },
  { dofs }: Pick<Embodiment, "dofs">,
  frame: ActionFrame,
): SeenRanges | null {
  const sources = dofs.map((dof, at) =>
    frame === "delta" && dof.state !== null ? { of: state, entry: dof.state } : { of: action, entry: at },
  );
  if (sources.some(({ of }) => of.count === 0)) return null;
  const conversions = conversionsOf(dofs);
  const range = (lower: "min" | "q01", upper: "max" | "q99"): Range => {
    const ends = sources.map(({ of, entry }, at) => {
      const { factor, offset } = conversions[at]!;
      const [one, other] = [of[lower][entry]!, of[upper][entry]!].map((end) => (end - offset) / factor);
      return { low: Math.min(one!, other!), high: Math.max(one!, other!) };
    });
    return { low: Float64Array.from(ends, ({ low }) => low), high: Float64Array.from(ends, ({ high }) => high) };
  };
  return { extremes: range("min", "max"), quantiles: range("q01", "q99") };
}
