import type { SymbolicArray } from "../graph/array.ts";
import { square, subtract } from "../graph/op/elementwise.ts";
import { select } from "../graph/op/select.ts";
import type { SymbolicSupervised } from "../validity/supervised.ts";

/**
 * Squared error of the velocity in every supervised cell, exactly 0 elsewhere.
 *
 * Selected before it is squared: `where(m, (v − u)², 0)` still has the gradient 0 · NaN.
 */
export function velocityErrors(
  predicted: SymbolicArray<"b t d">,
  target: SymbolicArray<"b t d">,
  supervised: SymbolicSupervised<"b t d">,
): SymbolicArray<"b t d"> {
  return square(select(supervised.teaches, subtract(predicted, target), 0));
}
