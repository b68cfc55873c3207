import { type SymbolicArray, sizeOf } from "../graph/array.ts";
import { alignAny } from "../graph/op/align.ts";
import { einsum, scaledEinsum } from "../graph/op/einsum.ts";
import { merge, split } from "../graph/op/shape.ts";
import { maskedSoftmax, softmax } from "../graph/op/softmax.ts";
import type { AttentionPattern } from "./pattern.ts";

/**
 * Scaled dot-product attention with grouped keys: query head `a` reads key head `⌊a / (A/G)⌋`.
 *
 * A query that may read nothing yields zeros.
 *
 * @param queries `[b q a f]`
 * @param keys `[b k g f]`, with the number of query heads a multiple of `g`
 * @param values `[b k g f]`
 * @returns `[b q a f]`
 * @source openpi `gemma.py` `Attention`
 */
export function attend(
  queries: SymbolicArray<"b q a f">,
  keys: SymbolicArray<"b k g f">,
  values: SymbolicArray<"b k g f">,
  pattern: AttentionPattern,
): SymbolicArray<"b q a f"> {
  const groups = sizeOf(keys, "g");
  const grouped = split(queries, "a", "g r", [groups, sizeOf(queries, "a") / groups]);
  const scores = scaledEinsum("b q g r f, b k g f -> b g q r k", sizeOf(queries, "f") ** -0.5, grouped, keys);
  const weights = pattern.mayRead === null ? softmax(scores) : maskedSoftmax(scores, alignAny(pattern.mayRead, scores));
  return merge(einsum("b g q r k, b k g f -> b q g r f", weights, values), "g r", "a");
}
