import { constant, type SymbolicArray, sizeOf } from "../graph/array.ts";
import { letters } from "../graph/axes.ts";
import { HostArray } from "../graph/host-array.ts";
import { alignTo } from "../graph/op/align.ts";
import { add, multiply, offset } from "../graph/op/elementwise.ts";
import { layerNorm, rmsNorm } from "../graph/op/norm.ts";
import { merge, slice } from "../graph/op/shape.ts";
import { linear } from "./linear.ts";
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

/** What an adaptive norm makes of its input, and how much of the block behind it is added: `x + gate · block(normed)`. */
export interface Adapted {
  readonly normed: SymbolicArray<"b n e">;
  readonly gate: SymbolicArray<"b e">;
}

/**
 * RMS norm whose scale, shift and gate are a linear function of a condition, such as the embedded time of the flow.
 *
 * It begins at weight zero: an unscaled norm, and a gate that lets nothing through.
 *
 * @param condition `[b e]`, of any width
 * @source openpi `gemma.py` `RMSNorm` with a condition (π0.5)
 */
export function adaptiveNorm(scope: Scope, x: SymbolicArray<"b n e">, condition: SymbolicArray<"b e">): Adapted {
  const width = sizeOf(x, "e");
  const parts = linear(scope.in("dense"), condition, {
    from: "e",
    to: "r e",
    sizes: [3, width],
    bias: "zero",
    initial: zero,
  });
  const part = (at: number) => merge(slice(parts, "r", at, at + 1), "r e", "e");
  const [scale, shift, gate] = [part(0), part(1), part(2)];
  const ones = constant(new HostArray("e", [width], "float32", new Float32Array(width).fill(1)));
  const scaled = multiply(rmsNorm(x, ones, epsilon), alignTo(offset(scale, 1), x));
  return { normed: add(scaled, alignTo(shift, x)), gate };
}

function lastAxis(axes: string): string {
  return letters(axes).at(-1) ?? "";
}
