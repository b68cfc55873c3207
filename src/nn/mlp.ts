import type { SymbolicArray } from "../graph/array.ts";
import { sizeOf } from "../graph/array.ts";
import { geluTanh } from "../graph/op/activation.ts";
import { multiply } from "../graph/op/elementwise.ts";
import { linear } from "./linear.ts";
import type { Scope } from "./parameter.ts";

/**
 * Gemma's feed-forward: `down(gelu(gate x) · up x)`.
 *
 * @source openpi `gemma.py` `FeedForward`
 */
export function gatedMlp(scope: Scope, x: SymbolicArray<"b n e">, width: number): SymbolicArray<"b n e"> {
  const wide = { from: "e", to: "m", sizes: [width], bias: "none", initial: "fan-in" } as const;
  const gate = geluTanh(linear(scope.in("gate"), x, wide));
  const up = linear(scope.in("up"), x, wide);
  return linear(scope.in("down"), multiply(gate, up), {
    from: "m",
    to: "e",
    sizes: [sizeOf(x, "e")],
    bias: "none",
    initial: "fan-in",
  });
}

/**
 * SigLIP's feed-forward: `out(gelu(in x))`, both with bias.
 *
 * @source openpi `siglip.py` `MlpBlock`
 */
export function plainMlp(scope: Scope, x: SymbolicArray<"b n e">, width: number): SymbolicArray<"b n e"> {
  const inner = geluTanh(
    linear(scope.in("in"), x, { from: "e", to: "m", sizes: [width], bias: "zero", initial: "fan-in" }),
  );
  return linear(scope.in("out"), inner, {
    from: "m",
    to: "e",
    sizes: [sizeOf(x, "e")],
    bias: "zero",
    initial: "fan-in",
  });
}
