import type { SymbolicArray } from "../graph/array.ts";
import { sumAny } from "../graph/op/align.ts";
import { multiply } from "../graph/op/elementwise.ts";
import type { WeightAxes } from "./reduction.ts";

/**
 * `Σ weight · error`: the share of these rows in the loss of the global batch.
 *
 * @param errors  `[b d]` or `[b]`, summed over all that shares a weight
 * @param weights of the same axes, see `reduction.ts`
 */
export function weightedSum(errors: SymbolicArray<WeightAxes>, weights: SymbolicArray<WeightAxes>): SymbolicArray<""> {
  return sumAny(multiply(errors, weights), "");
}
