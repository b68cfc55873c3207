import type { SymbolicArray } from "../graph/array.ts";
import { type KeyValue, type LayerChoice, transformerLayer } from "../nn/layer.ts";
import { type NormChoice, norm } from "../nn/norm.ts";
import type { Scope } from "../nn/parameter.ts";
import type { TrunkSize } from "./size.ts";
import type { TokenStream } from "./stream.ts";

/** What went through a trunk: the tokens that came out, and the keys and values of every layer. */
export interface TrunkOutput {
  readonly tokens: SymbolicArray<"b n e">;
  readonly cache: readonly KeyValue[];
}

const gemmaNorm: NormChoice = { kind: "rms", weight: "offset", epsilon: 1e-6 };

const gemma: LayerChoice = {
  norms: { attention: gemmaNorm, mlp: gemmaNorm },
  mlp: { kind: "gated", activation: "gelu-tanh" },
  bias: "none",
};

/** Gemma's. */
const ropeBase = 10_000;

/**
 * A stream of tokens through the layers of a trunk.
 *
 * `before` holds the keys and values of the stream that this one continues: a prefix is computed once, in training and at
 * inference alike, and read by whatever follows.
 *
 * @source openpi `gemma.py` `Module`
 */
export function runTrunk(scope: Scope, size: TrunkSize, stream: TokenStream, before: readonly KeyValue[]): TrunkOutput {
  const { positions, pattern, real } = stream;
  const rotation = { positions, limit: stream.start + stream.length, base: ropeBase };
  const cache: KeyValue[] = [];
  let tokens = stream.tokens;
  for (let layer = 0; layer < size.layers; layer++) {
    const context = { kind: "joint", pattern, before: before[layer] ?? null, rotation } as const;
    const input = { tokens, real, condition: null };
    const output = transformerLayer(scope.in(`layer.${layer}`), { choice: gemma, size }, input, context);
    tokens = output.tokens;
    cache.push(output.own);
  }
  return { tokens: norm(scope.in("norm"), gemmaNorm, tokens, null).tokens, cache };
}
