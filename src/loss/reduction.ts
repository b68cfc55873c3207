import type { Rules } from "../validity/rules.ts";

/**
 * How the cells of a global batch become one number.
 *
 * `cells`: Σ sum / Σ count, so a robot with more dofs weighs more. `samples`: each sample divided by its own count, then by
 * the number of samples that have cells, so a robot with 14 dofs weighs no more than one with 2.
 */
export const reductions = ["cells", "samples"] as const;

export type Reduction = (typeof reductions)[number];

/** What the whole global batch adds up to before any forward pass: over rows, micro-batches and ranks alike. */
export interface Counts {
  /** Supervised cells. */
  readonly cells: number;
  /** Samples with at least one of them. */
  readonly samples: number;
  /** Cells of the padded batch, which no denominator may be (the rule `denominator` guards it). */
  readonly padded: number;
}

/** Counts of some rows. Counts of parts add up to those of the whole. */
export function countsOf(countByRow: Float64Array, cellsPerRow: number): Counts {
  return {
    cells: countByRow.reduce((sum, count) => sum + count, 0),
    samples: countByRow.reduce((sum, count) => sum + (count > 0 ? 1 : 0), 0),
    padded: countByRow.length * cellsPerRow,
  };
}

export function addCounts(parts: readonly Counts[]): Counts {
  return {
    cells: parts.reduce((sum, part) => sum + part.cells, 0),
    samples: parts.reduce((sum, part) => sum + part.samples, 0),
    padded: parts.reduce((sum, part) => sum + part.padded, 0),
  };
}

/** A term of the loss: how its cells become one number, and how much it weighs. */
export interface Term {
  readonly reduction: Reduction;
  readonly weight: number;
}

/**
 * What each row's sum is multiplied by so that the sums of all micro-batches and ranks add up to the loss.
 *
 * @param countByRow supervised cells of each row
 * @param whole counts of the global batch
 */
export function rowWeights(term: Term, countByRow: Float64Array, whole: Counts, rules: Rules): Float32Array {
  const { reduction, weight } = term;
  if (!rules.keeps("denominator")) return new Float32Array(countByRow.length).fill(weight / whole.padded);
  return Float32Array.from(countByRow, (count) => {
    if (count === 0) return 0;
    return reduction === "cells" ? weight / whole.cells : weight / (count * whole.samples);
  });
}
