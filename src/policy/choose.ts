import type { SymbolicArray } from "../graph/array.ts";
import { alignTo, sum } from "../graph/op/align.ts";
import { cumulative } from "../graph/op/cumulative.ts";
import { multiply, scale } from "../graph/op/elementwise.ts";
import { largest } from "../graph/op/largest.ts";
import { cast, less } from "../graph/op/select.ts";
import { merge, slice } from "../graph/op/shape.ts";
import { softmax } from "../graph/op/softmax.ts";

/** Which token is said, of those that follow likely. */
export type Choosing<A extends string = "b n"> =
  | { readonly kind: "likeliest" }
  | {
      readonly kind: "by chance";
      /** Above 0: scores are divided by it. */
      readonly temperature: number;
      /** Between 0 and 1, one for each token that is to be chosen. */
      readonly chances: SymbolicArray<A>;
    };

/**
 * The token of each row, `[b]`: the first of the likeliest, or the one into whose share of all likelihood the row's chance falls.
 *
 * @param scores `[b y]`: logits
 * @source LeRobot `modeling_pi0_fast.py` `sample_actions_fast_kv_cache`: `softmax(logits / temperature)`
 */
export function chosenToken(scores: SymbolicArray<"b y">, choosing: Choosing<"b">): SymbolicArray<"b", "int32"> {
  if (choosing.kind === "likeliest") return largest(scores, "b");
  const size = scores.shape[1] ?? 0;
  const likelihood = cumulative(softmax(scale(scores, 1 / choosing.temperature)));
  // Sums in floating point end near 1: the chance is one of the sum that there is.
  const whole = merge(slice(likelihood, "y", size - 1, size), "b y", "b");
  const wanted = alignTo(multiply(choosing.chances, whole), likelihood);
  return cast(sum(cast(less(likelihood, wanted), "float32"), "b"), "int32");
}
