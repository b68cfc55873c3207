import type { SymbolicArray } from "../graph/array.ts";
import { sizeOf } from "../graph/array.ts";
import { geluTanh, silu } from "../graph/op/activation.ts";
import { multiply } from "../graph/op/elementwise.ts";
import { linear } from "./linear.ts";
import type { Scope } from "./parameter.ts";

/**
 * How a feed-forward is made. `plain`: `out(f(in x))`, both with bias. `gated`: `down(f(gate x) · up x)`, without.
 *
 * @source `plain`: openpi `siglip.py` `MlpBlock`; `gated`: openpi `gemma.py` `FeedForward`, and with silu transformers `LlamaMLP`
 */
export interface MlpChoice {
  readonly kind: "plain" | "gated";
  readonly activation: Activation;
}

export type Activation = "gelu-tanh" | "silu";

/** The feed-forward of each token by itself, as wide inside as asked for. */
export function mlp(
  scope: Scope,
  { kind, activation }: MlpChoice,
  x: SymbolicArray<"b n e">,
  width: number,
): SymbolicArray<"b n e"> {
  const bias = kind === "plain" ? "zero" : "none";
  const wide = { from: "e", to: "m", sizes: [width], bias, initial: "fan-in" } as const;
  const narrow = { from: "m", to: "e", sizes: [sizeOf(x, "e")], bias, initial: "fan-in" } as const;
  switch (kind) {
    case "plain":
      return linear(scope.in("out"), activated(activation, linear(scope.in("in"), x, wide)), narrow);
    case "gated": {
      const gate = activated(activation, linear(scope.in("gate"), x, wide));
      return linear(scope.in("down"), multiply(gate, linear(scope.in("up"), x, wide)), narrow);
    }
  }
}

function activated(activation: Activation, x: SymbolicArray<"b n m">): SymbolicArray<"b n m"> {
  switch (activation) {
    case "gelu-tanh":
      return geluTanh(x);
    case "silu":
      return silu(x);
  }
}
