import { constant, type SymbolicArray, sizeOf } from "../graph/array.ts";
import { HostArray } from "../graph/host-array.ts";
import { alignTo } from "../graph/op/align.ts";
import { add, multiply, offset } from "../graph/op/elementwise.ts";
import { layerNorm, rmsNorm } from "../graph/op/norm.ts";
import { merge, slice } from "../graph/op/shape.ts";
import { linear } from "./linear.ts";
import { one, type Scope, zero } from "./parameter.ts";

/**
 * How tokens are brought to one scale. A new kind is a new member, and the compiler lists the place.
 *
 * `rms`: by the root of the mean square; its weight is a gain `w` (Llama) or the offset of `1 + w` (Gemma). `layer`: mean and variance,
 * with gain and bias (SigLIP) or without. `adaptive-rms` and `adaptive-layer`: without weights, scaled and shifted by linear functions of
 * a condition; the first (π0.5) also says how much of what follows is added, of the second (GR00T) the two halves have an order.
 */
export type NormChoice =
  | { readonly kind: "rms"; readonly weight: "gain" | "offset"; readonly epsilon: number }
  | { readonly kind: "layer"; readonly weight: "gain and bias" | "none"; readonly epsilon: number }
  | { readonly kind: "adaptive-rms"; readonly epsilon: number }
  | { readonly kind: "adaptive-layer"; readonly order: "scale-shift" | "shift-scale"; readonly epsilon: number };

/** A norm without a condition that leaves the mean as it is. */
export type RmsChoice = Extract<NormChoice, { kind: "rms" }>;

/** What adaptive norms follow, of any width: one for all tokens of a row, or one for each. */
export type Condition = SymbolicArray<"b e" | "b n e">;

/** Tokens of one scale. */
export interface Normed {
  readonly tokens: SymbolicArray<"b n e">;
  /** How much is added of what is computed from them: `x + gate · f(normed)`; `null` for all of it. */
  readonly gate: Condition | null;
}

/**
 * A norm of tokens over their width.
 *
 * @throws RangeError if an adaptive norm has no condition
 */
export function norm(
  scope: Scope,
  choice: NormChoice,
  tokens: SymbolicArray<"b n e">,
  condition: Condition | null,
): Normed {
  const { epsilon } = choice;
  switch (choice.kind) {
    case "rms":
      return { tokens: rmsNormOver("e", scope, choice, tokens), gate: null };
    case "layer":
      return {
        tokens: layerNorm(tokens, ...layerWeights(scope, sizeOf(tokens, "e"), choice.weight), epsilon),
        gate: null,
      };
    case "adaptive-rms":
      return adaptiveRmsNorm(scope, tokens, conditionOf(choice, condition), epsilon);
    case "adaptive-layer":
      return { tokens: adaptiveLayerNorm(scope, choice, tokens, conditionOf(choice, condition)), gate: null };
  }
}

/**
 * An RMS norm of an array over its last axis, with one weight for each cell of that axis: over `e` of tokens, over `f` of their heads.
 *
 * @source `offset`: openpi `gemma.py` `RMSNorm`; `gain`: transformers `modeling_llama.py` `LlamaRMSNorm`
 */
export function rmsNormOver<A extends string>(
  axis: "e" | "f",
  scope: Scope,
  { weight, epsilon }: RmsChoice,
  x: SymbolicArray<A>,
): SymbolicArray<A> {
  const stored = scope.parameter("weight", axis, [sizeOf(x, axis)], weight === "gain" ? one : zero);
  return rmsNorm(x, weight === "gain" ? stored : offset(stored, 1), epsilon);
}

/** @source openpi `siglip.py`: flax `LayerNorm` */
function layerWeights(
  scope: Scope,
  width: number,
  weight: "gain and bias" | "none",
): readonly [gain: SymbolicArray<"e">, bias: SymbolicArray<"e">] {
  if (weight === "none") return [filled(width, 1), filled(width, 0)];
  return [scope.parameter("weight", "e", [width], one), scope.parameter("bias", "e", [width], zero)];
}

/**
 * It begins at weight zero: an unscaled norm, and a gate that lets nothing through.
 *
 * @source openpi `gemma.py` `RMSNorm` with a condition (π0.5)
 */
function adaptiveRmsNorm(scope: Scope, x: SymbolicArray<"b n e">, condition: Condition, epsilon: number): Normed {
  const width = sizeOf(x, "e");
  const parts = modulation(scope, condition, [3, width]);
  const [scale, shift, gate] = [part(parts, 0), part(parts, 1), part(parts, 2)];
  return { tokens: modulated(rmsNorm(x, filled(width, 1), epsilon), scale, shift), gate };
}

/** @source diffusers `normalization.py` `AdaLayerNorm`; GR00T `cross_attention_dit.py`, whose last norm has its halves the other way round */
function adaptiveLayerNorm(
  scope: Scope,
  { order, epsilon }: Extract<NormChoice, { kind: "adaptive-layer" }>,
  x: SymbolicArray<"b n e">,
  condition: Condition,
): SymbolicArray<"b n e"> {
  const width = sizeOf(x, "e");
  const parts = modulation(scope, condition, [2, width]);
  const [first, second] = [part(parts, 0), part(parts, 1)];
  const [scale, shift] = order === "scale-shift" ? [first, second] : [second, first];
  return modulated(layerNorm(x, filled(width, 1), filled(width, 0), epsilon), scale, shift);
}

function conditionOf({ kind }: NormChoice, condition: Condition | null): Condition {
  if (condition === null) throw new RangeError(`norm: expected a condition for the norm "${kind}", got none`);
  return condition;
}

/** Scale, shift and the like: linear functions of a condition. */
function modulation(
  scope: Scope,
  condition: Condition,
  sizes: readonly [parts: number, width: number],
): SymbolicArray<"b r e" | "b n r e"> {
  return linear(scope.in("dense"), condition, { from: "e", to: "r e", sizes, bias: "zero", initial: zero });
}

function part(parts: SymbolicArray<"b r e" | "b n r e">, at: number): Condition {
  return merge(slice(parts, "r", at, at + 1), "r e", "e");
}

function modulated(x: SymbolicArray<"b n e">, scale: Condition, shift: Condition): SymbolicArray<"b n e"> {
  return add(multiply(x, alignTo(offset(scale, 1), x)), alignTo(shift, x));
}

function filled(width: number, value: number): SymbolicArray<"e"> {
  return constant(new HostArray("e", [width], "float32", new Float32Array(width).fill(value)));
}
