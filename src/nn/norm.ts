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
  return affineNorm(scope, x, epsilon);
}

/** Layer norm over the last axis, with gain and bias. */
export function affineNorm<A extends string>(scope: Scope, x: SymbolicArray<A>, added: number): SymbolicArray<A> {
  const [axis, width] = [lastAxis(x.axes), x.shape.at(-1) ?? 0];
  return layerNorm(
    x,
    scope.parameter("weight", axis, [width], one),
    scope.parameter("bias", axis, [width], zero),
    added,
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
  const [scale, shift, gate] = [part(parts, 0), part(parts, 1), part(parts, 2)];
  return { normed: modulated(rmsNorm(x, filled(width, 1), epsilon), scale, shift), gate };
}

/** How a conditioned norm is made. */
export interface ConditionedNormOptions {
  /** Which half of its projection scales and which shifts: in GR00T the last norm has them the other way round. */
  readonly order: "scale-shift" | "shift-scale";
  readonly epsilon: number;
}

/**
 * Layer norm without weights of its own, scaled and shifted by linear functions of a condition.
 *
 * @param condition `[b e]`, of any width
 * @source diffusers `normalization.py` `AdaLayerNorm`; GR00T `cross_attention_dit.py`
 */
export function conditionedNorm(
  scope: Scope,
  x: SymbolicArray<"b n e">,
  condition: SymbolicArray<"b e">,
  { order, epsilon: added }: ConditionedNormOptions,
): SymbolicArray<"b n e"> {
  const width = sizeOf(x, "e");
  const parts = linear(scope.in("dense"), condition, {
    from: "e",
    to: "r e",
    sizes: [2, width],
    bias: "zero",
    initial: zero,
  });
  const [first, second] = [part(parts, 0), part(parts, 1)];
  const [scale, shift] = order === "scale-shift" ? [first, second] : [second, first];
  return modulated(plainNorm(x, added), scale, shift);
}

/** Layer norm over the last axis without weights. */
export function plainNorm(x: SymbolicArray<"b n e">, added: number): SymbolicArray<"b n e"> {
  const width = sizeOf(x, "e");
  return layerNorm(x, filled(width, 1), filled(width, 0), added);
}

function part(parts: SymbolicArray<"b r e">, at: number): SymbolicArray<"b e"> {
  return merge(slice(parts, "r", at, at + 1), "r e", "e");
}

function modulated(
  x: SymbolicArray<"b n e">,
  scale: SymbolicArray<"b e">,
  shift: SymbolicArray<"b e">,
): SymbolicArray<"b n e"> {
  return add(multiply(x, alignTo(offset(scale, 1), x)), alignTo(shift, x));
}

function filled(width: number, value: number): SymbolicArray<"e"> {
  return constant(new HostArray("e", [width], "float32", new Float32Array(width).fill(value)));
}

function lastAxis(axes: string): string {
  return letters(axes).at(-1) ?? "";
}
