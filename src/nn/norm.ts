import type { SymbolicArray } from "../graph/array.ts";
import { letters } from "../graph/axes.ts";
import { offset } from "../graph/op/elementwise.ts";
import { layerNorm, rmsNorm } from "../graph/op/norm.ts";
import { one, type Scope, zero } from "./parameter.ts";

/** SigLIP and Gemma alike. */
const epsilon = 1e-6;

/**
 * Gemma's RMS norm over the last axis; its weight is the offset from 1.
 *
 * @source openpi `gemma.py` `RMSNorm`
 */
export function gemmaNorm<A extends string>(scope: Scope, x: SymbolicArray<A>): SymbolicArray<A> {
  const weight = scope.parameter("weight", lastAxis(x.axes), [x.shape.at(-1) ?? 0], zero);
  return rmsNorm(x, offset(weight, 1), epsilon);
}

/**
 * Layer norm over the last axis, with gain and bias.
 *
 * @source openpi `siglip.py`: flax `LayerNorm`
 */
export function visionNorm<A extends string>(scope: Scope, x: SymbolicArray<A>): SymbolicArray<A> {
  const [axis, width] = [lastAxis(x.axes), x.shape.at(-1) ?? 0];
  return layerNorm(
    x,
    scope.parameter("weight", axis, [width], one),
    scope.parameter("bias", axis, [width], zero),
    epsilon,
  );
}

function lastAxis(axes: string): string {
  return letters(axes).at(-1) ?? "";
}
