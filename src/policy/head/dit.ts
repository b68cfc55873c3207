import type { SymbolicArray } from "../../graph/array.ts";
import { silu } from "../../graph/op/activation.ts";
import { type Context, type LayerChoice, transformerLayer } from "../../nn/layer.ts";
import { linear } from "../../nn/linear.ts";
import { type Condition, norm } from "../../nn/norm.ts";
import type { Scope } from "../../nn/parameter.ts";
import type { DitSize } from "../size.ts";
import type { TokenStream } from "../stream.ts";

const ditLayer: LayerChoice = {
  norms: {
    attention: { kind: "adaptive-layer", order: "scale-shift", epsilon: 1e-5 },
    mlp: { kind: "layer", weight: "none", epsilon: 1e-5 },
    added: "none",
    queryKey: "none",
  },
  mlp: { kind: "plain", activation: "gelu-tanh" },
  bias: "zero",
};

/**
 * A diffusion transformer over a stream: even blocks read the contexts, one after another and then the first again, odd ones the stream
 * itself.
 *
 * @param condition scales and shifts every norm before attention, and the last
 * @returns `[b n e]`, `size.output` wide
 * @source GR00T `cross_attention_dit.py` `DiT` with `interleave_self_attention`, `AlternateVLDiT`
 */
export function runDit(
  scope: Scope,
  size: DitSize,
  stream: TokenStream,
  { contexts, condition }: { readonly contexts: readonly Context[]; readonly condition: Condition },
): SymbolicArray<"b n e"> {
  const { real, pattern } = stream;
  const form = { choice: ditLayer, size: { ...size, keyHeads: size.heads } };
  const itself = { kind: "joint", pattern, before: null, rotation: null } as const;
  const activated = silu(condition);
  let tokens = stream.tokens;
  for (let block = 0; block < size.layers; block++) {
    const input = { tokens, real, condition: activated };
    const own = scope.in(`block.${block}`);
    const read = block % 2 === 0 ? contexts[(block / 2) % contexts.length]! : itself;
    tokens = transformerLayer(own, form, input, read).tokens;
  }
  const last = norm(
    scope.in("norm"),
    { kind: "adaptive-layer", order: "shift-scale", epsilon: 1e-6 },
    tokens,
    activated,
  );
  const wide = { from: "e", to: "e", sizes: [size.output], bias: "zero", initial: "fan-in" } as const;
  return linear(scope.in("out"), last.tokens, wide);
}
