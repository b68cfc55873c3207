import type { SymbolicArray } from "../graph/array.ts";
import { type KeyValue, transformerLayer } from "../nn/layer.ts";
import { norm } from "../nn/norm.ts";
import type { Scope } from "../nn/parameter.ts";
import type { AttentionRange, TrunkForm } from "./backbone.ts";
import type { TokenStream } from "./stream.ts";

/** What went through a trunk: the tokens that came out, and the keys and values of every layer. */
export interface TrunkOutput {
  readonly tokens: SymbolicArray<"b n e">;
  readonly cache: readonly KeyValue[];
}

/** What a trunk follows beside its stream. */
export interface TrunkContext {
  /** Keys and values, by layer, of the stream that this one continues: computed once, in training and at inference alike. */
  readonly before: readonly KeyValue[];
  /** What adaptive norms follow, `[b e]` of any width. */
  readonly condition: SymbolicArray<"b e"> | null;
}

/**
 * A stream of tokens through the layers of a trunk.
 *
 * @source openpi `gemma.py` `Module`
 */
export function runTrunk(
  scope: Scope,
  { choice, size }: TrunkForm,
  stream: TokenStream,
  { before, condition }: TrunkContext,
): TrunkOutput {
  const readings = choice.ranges.map((range) => readingOf(stream, range));
  const { real } = stream;
  const form = { choice: choice.layer, size };
  const cache: KeyValue[] = [];
  let tokens = stream.tokens;
  for (let layer = 0; layer < size.layers; layer++) {
    const context = { ...readings[layer % readings.length]!, before: before[layer] ?? null };
    const output = transformerLayer(scope.in(`layer.${layer}`), form, { tokens, real, condition }, context);
    tokens = output.tokens;
    cache.push(output.own);
  }
  return { tokens: norm(scope.in("norm"), choice.lastNorm, tokens, condition).tokens, cache };
}

/** What the layers of one range read of a stream, and its positions under their rotation. */
function readingOf(stream: TokenStream, { window, ropeBase }: AttentionRange) {
  const rotation = { positions: stream.positions, limit: stream.start + stream.length, base: ropeBase };
  return { kind: "joint", pattern: window === "none" ? stream.pattern : stream.windowed(window), rotation } as const;
}
