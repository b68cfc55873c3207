import type { HostArray } from "../graph/host-array.ts";
import type { Rules } from "../validity/rules.ts";

/**
 * How the cells of a global batch become one number.
 *
 * `cells`: Σ sum / Σ count, so a robot with more dofs weighs more. `samples`: each sample divided by its own count, then by
 * the number of samples that have cells, so a robot with 14 dofs weighs no more than one with 2.
 */
export const reductions = ["cells", "samples"] as const;

export type Reduction = (typeof reductions)[number];

/** A term of the loss: some cells of an objective's errors with a denominator of their own. */
export interface Term {
  readonly name: string;
  /** Name of the errors that it averages: those of one objective. */
  readonly errors: string;
  /** Which cells of a row's weights are its own: slots of the action, or the one cell of errors that have no slots. */
  readonly slots: readonly number[];
  readonly reduction: Reduction;
  readonly weight: number;
}

/** What the whole global batch adds up to before any forward pass: over rows, micro-batches and ranks alike. */
export interface Counts {
  /** Supervised cells. */
  readonly cells: number;
  /** Samples with at least one of them. */
  readonly samples: number;
  /** Cells of the padded batch, which no denominator may be (the rule `denominator` guards it). */
  readonly padded: number;
}

/** Axes of what errors weigh: `b d` where a slot has a weight of its own, `b` where a row has one. */
export type WeightAxes = "b d" | "b";

/** Supervised cells of one objective's errors by row and slot, or by row, and how many each could hold. */
export interface CellCounts {
  readonly bySlot: HostArray<WeightAxes, "float64">;
  readonly perSlot: number;
}

/** Of each objective's errors, by name. */
export type CountsByErrors = ReadonlyMap<string, CellCounts>;

/** Weights of cells, by name of the errors. */
export type WeightsByErrors = ReadonlyMap<string, HostArray<WeightAxes>>;

/** Counts of a term over some rows. Counts of parts add up to those of the whole. */
export function countsOf({ slots }: Term, { bySlot, perSlot }: CellCounts): Counts {
  const rows = rowCounts(slots, bySlot);
  return {
    cells: rows.reduce((sum, count) => sum + count, 0),
    samples: rows.reduce((sum, count) => sum + (count > 0 ? 1 : 0), 0),
    padded: rows.length * slots.length * perSlot,
  };
}

/** Counts of a term over several micro-batches or ranks: exact, in any order. */
export function addCounts(parts: readonly Counts[]): Counts {
  return {
    cells: parts.reduce((sum, part) => sum + part.cells, 0),
    samples: parts.reduce((sum, part) => sum + part.samples, 0),
    padded: parts.reduce((sum, part) => sum + part.padded, 0),
  };
}

/**
 * Writes what each row's errors in the slots of a term are multiplied by, so that the sums of all micro-batches and
 * ranks add up to the term's share of the loss.
 *
 * @param out   `[b d]` or `[b]`; other slots stay as they are
 * @param whole counts of the term over the global batch
 */
export function fillCellWeights(
  out: HostArray<WeightAxes>,
  { slots, reduction, weight }: Term,
  { bySlot }: CellCounts,
  { whole, rules }: { readonly whole: Counts; readonly rules: Rules },
): void {
  const width = weightsPerRow(out);
  for (const [row, count] of rowCounts(slots, bySlot).entries()) {
    const perSample = reduction === "cells" ? weight / whole.cells : weight / (count * whole.samples);
    const perCell = rules.keeps("denominator") ? perSample : weight / whole.padded;
    for (const slot of slots) out.cells[row * width + slot] = count === 0 ? 0 : perCell;
  }
}

/** Cells of a row: one where a row has one weight. */
export function weightsPerRow({ shape }: Pick<HostArray<WeightAxes>, "shape">): number {
  return shape[1] ?? 1;
}

function rowCounts(slots: readonly number[], bySlot: HostArray<WeightAxes, "float64">): number[] {
  const width = weightsPerRow(bySlot);
  return Array.from({ length: bySlot.shape[0]! }, (_, row) =>
    slots.reduce((sum, slot) => sum + bySlot.cells[row * width + slot]!, 0),
  );
}
