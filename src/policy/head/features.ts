import type { SymbolicArray } from "../../graph/array.ts";
import { type LayerChoice, transformerLayer } from "../../nn/layer.ts";
import type { NormChoice } from "../../nn/norm.ts";
import type { Scope } from "../../nn/parameter.ts";
import type { FeatureSize } from "../size.ts";
import type { TokenStream } from "../stream.ts";

const plainNorm: NormChoice = { kind: "layer", weight: "gain and bias", epsilon: 1e-5 };

const featureLayer: LayerChoice = {
  norms: { attention: plainNorm, mlp: plainNorm, added: "none", queryKey: "none" },
  mlp: { kind: "plain", activation: "gelu-tanh" },
  bias: "zero",
};

/**
 * Features of pictures and text that have read each other, both ways and wherever they stand.
 *
 * @param features `[b n e]`, one for each token of the stream
 * @param keys "real": those that exist read those that exist; "every": every one reads every one, where weights were trained so
 * @returns `[b n e]`, as wide as they came
 * @source GR00T `cross_attention_dit.py` `SelfAttentionTransformer`
 */
export function mixedFeatures(
  scope: Scope,
  size: FeatureSize,
  { features, stream, keys }: FeatureInput,
): SymbolicArray<"b n e"> {
  const [, , width = 0] = features.shape;
  const form = { choice: featureLayer, size: { ...size, width, keyHeads: size.heads } };
  const itself = { kind: "joint", pattern: stream.among(keys), before: null, rotation: null } as const;
  let tokens = features;
  for (let layer = 0; layer < size.layers; layer++) {
    const input = { tokens, real: stream.real, condition: null };
    tokens = transformerLayer(scope.in(`layer.${layer}`), form, input, itself).tokens;
  }
  return tokens;
}

export interface FeatureInput {
  readonly features: SymbolicArray<"b n e">;
  readonly stream: TokenStream;
  readonly keys: "real" | "every";
}
