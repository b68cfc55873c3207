import { apply, type SymbolicArray, show } from "../array.ts";
import type { AnyArray, Lowering } from "../operation.ts";

/**
 * `softmax(factor · q kᵀ) v` by heads, in one operator of the runtime's that keeps no scores. It carries no gradient.
 *
 * @returns `[b q a f]`
 * @throws RangeError unless every query head has a key head of its own
 */
export function attentionWithoutGradient(
  queries: SymbolicArray<"b q a f">,
  keys: SymbolicArray<"b k g f">,
  values: SymbolicArray<"b k g f">,
  factor: number,
): SymbolicArray<"b q a f"> {
  const [rows, , heads, width] = queries.shape;
  for (const array of [keys, values])
    if (
      array.shape[0] !== rows ||
      array.shape[2] !== heads ||
      array.shape[3] !== width ||
      array.shape[1] !== keys.shape[1]
    )
      throw new RangeError(`attention: expected keys and values for ${show(queries)}, got ${show(array)}`);
  return apply({ axes: "b q a f", shape: queries.shape, type: "float32" }, [queries, keys, values], {
    name: "attention",
    lower: (lowering, inputs) => [
      ["runtime", "cuda"].includes(lowering.operators)
        ? fused(lowering, inputs, factor)
        : bySteps(lowering, inputs, factor),
    ],
    gradient: () => {
      throw new Error("attention: carries no gradient; take the products and the softmax");
    },
  });
}

/** @source onnxruntime ContribOperators.md, `com.microsoft.MultiHeadAttention`: heads lie side by side in rows */
function fused(lowering: Lowering, inputs: readonly AnyArray[], factor: number): string {
  const flat = inputs.map((array) => {
    const [b = 0, n = 0, heads = 0, width = 0] = array.shape;
    return lowering.reshaped(lowering.value(array), array.shape, [b, n, heads * width]);
  });
  const [b = 0, n = 0, heads = 0, width = 0] = inputs[0]!.shape;
  const made = lowering.fused("MultiHeadAttention", flat, { num_heads: heads, scale: { float: factor } });
  return lowering.reshaped(made, [b, n, heads * width], inputs[0]!.shape);
}

function bySteps(lowering: Lowering, [queries, keys, values]: readonly AnyArray[], factor: number): string {
  const byHead = (array: AnyArray, perm: readonly number[]) =>
    lowering.node("Transpose", [lowering.value(array)], { perm });
  const scores = lowering.node("MatMul", [byHead(queries!, [0, 2, 1, 3]), byHead(keys!, [0, 2, 3, 1])]);
  const scaled = lowering.node("Mul", [scores, lowering.scalar(queries!, factor)]);
  const weights = lowering.node("Softmax", [scaled], { axis: -1 });
  const read = lowering.node("MatMul", [weights, byHead(values!, [0, 2, 1, 3])]);
  return lowering.node("Transpose", [read], { perm: [0, 2, 1, 3] });
}
