import type { SymbolicArray } from "../graph/array.ts";
import { type Context, type KeyValue, transformerLayer } from "../nn/layer.ts";
import { type Condition, norm } from "../nn/norm.ts";
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
  readonly condition: Condition | null;
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
  const joint = choice.ranges.map((range) => readingOf(stream, range));
  const projected = "jointEvery" in size ? choice.ranges.map((range) => projectedReading(stream, range)) : [];
  const { real } = stream;
  const form = { choice: choice.layer, size };
  const cache: KeyValue[] = [];
  let tokens = stream.tokens;
  for (let layer = 0; layer < size.layers; layer++) {
    const given = before[layer] ?? null;
    const range = layer % choice.ranges.length;
    const context: Context = isJoint(size, layer)
      ? { ...joint[range]!, before: given }
      : { ...projected[range]!, given: expected(given, layer) };
    const output = transformerLayer(scope.in(`layer.${layer}`), form, { tokens, real, condition }, context);
    tokens = output.tokens;
    cache.push(output.own);
  }
  return { tokens: norm(scope.in("norm"), choice.lastNorm, tokens, condition).tokens, cache };
}

/** Whether a layer reads its own stream, beside what it continues. */
function isJoint(size: TrunkForm["size"], layer: number): boolean {
  return !("jointEvery" in size) || (size.jointEvery > 0 && layer % size.jointEvery === 0);
}

/** What the layers of one range read that take keys and values of the stream before them alone. */
function projectedReading(stream: TokenStream, { ropeBase }: AttentionRange) {
  const rotation = { positions: stream.ownPositions, limit: stream.length, base: ropeBase };
  return { kind: "projected", pattern: stream.patternOfEarlier, rotation } as const;
}

function expected(given: KeyValue | null, layer: number): KeyValue {
  if (given === null) throw new RangeError(`runTrunk: expected keys of a stream before layer ${layer}, got none`);
  return given;
}

/** What the layers of one range read of a stream, and its positions under their rotation. */
function readingOf(stream: TokenStream, { window, ropeBase }: AttentionRange) {
  const rotation = { positions: stream.positions, limit: stream.start + stream.length, base: ropeBase };
  return { kind: "joint", pattern: window === "none" ? stream.pattern : stream.windowed(window), rotation } as const;
}
