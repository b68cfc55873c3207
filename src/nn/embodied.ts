import { type SymbolicArray, sizeOf } from "../graph/array.ts";
import { alignTo } from "../graph/op/align.ts";
import { contract } from "../graph/op/einsum.ts";
import { add } from "../graph/op/elementwise.ts";
import { gather } from "../graph/op/gather.ts";
import { rename } from "../graph/op/shape.ts";
import { fanIn, type Initial, type Scope, zero } from "./parameter.ts";

/** Which of several sets of weights each row reads. */
export interface Embodied {
  /** In `[0, sets)`, in filler rows as well. */
  readonly index: SymbolicArray<"b", "int32">;
  readonly sets: number;
}

export interface EmbodiedLinearOptions {
  readonly width: number;
  readonly initial: Initial | "fan-in";
}

/**
 * `x · W[u]ᵀ + b[u]` with the weights of each row's own embodiment.
 *
 * @returns `[b n e]`, of the width asked for
 * @source GR00T `embodiment_conditioned_mlp.py` `CategorySpecificLinear`; our rows are outputs
 */
export function embodiedLinear(
  scope: Scope,
  x: SymbolicArray<"b n e">,
  { index, sets }: Embodied,
  { width, initial }: EmbodiedLinearOptions,
): SymbolicArray<"b n e"> {
  const from = sizeOf(x, "e");
  const begin = initial === "fan-in" ? fanIn(from) : initial;
  const weights = gather(scope.parameter("weight", "u e j", [sets, width, from], begin), index, "b e j");
  const product = contract("b n e", 1, rename(x, "e", "j"), weights);
  return add(product, alignTo(gather(scope.parameter("bias", "u e", [sets, width], zero), index, "b e"), product));
}
