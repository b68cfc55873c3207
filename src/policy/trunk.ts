import type { SymbolicArray } from "../graph/array.ts";
import { add } from "../graph/op/elementwise.ts";
import { rope } from "../graph/op/rope.ts";
import { rename } from "../graph/op/shape.ts";
import { attend } from "../nn/attention.ts";
import { linear } from "../nn/linear.ts";
import { gatedMlp } from "../nn/mlp.ts";
import { gemmaNorm } from "../nn/norm.ts";
import type { Scope } from "../nn/parameter.ts";
import type { AttentionPattern } from "../nn/pattern.ts";
import type { SymbolicValidity } from "../validity/symbolic.ts";
import type { TrunkSize } from "./size.ts";
import type { TokenStream } from "./stream.ts";

/** What later streams read of one layer. */
export interface KeyValue {
  readonly keys: SymbolicArray<"b k g f">;
  readonly values: SymbolicArray<"b k g f">;
}

/** What went through a trunk: the tokens that came out, and the keys and values of every layer. */
export interface Passed {
  readonly tokens: SymbolicArray<"b n e">;
  readonly cache: readonly KeyValue[];
}

/** Gemma's. */
const ropeBase = 10_000;

/**
 * A stream of tokens through the layers of a Gemma trunk.
 *
 * `before` holds the keys and values of the stream that this one continues: a prefix is computed once, in training and at
 * inference alike, and read by whatever follows.
 *
 * @source openpi `gemma.py` `Module`, `Block`
 */
export function passThrough(scope: Scope, size: TrunkSize, stream: TokenStream, before: readonly KeyValue[]): Passed {
  const { positions, pattern, real } = stream;
  const limit = stream.start + stream.length;
  const cache: KeyValue[] = [];
  let tokens = stream.tokens;
  for (let layer = 0; layer < size.layers; layer++) {
    const step = trunkLayer(scope.in(`layer.${layer}`), size, {
      tokens,
      before: before[layer] ?? null,
      positions,
      limit,
      pattern,
      real,
    });
    tokens = step.tokens;
    cache.push(step.own);
  }
  return { tokens: gemmaNorm(scope.in("norm"), tokens), cache };
}

interface LayerInput {
  readonly tokens: SymbolicArray<"b n e">;
  readonly before: KeyValue | null;
  readonly positions: SymbolicArray<"b n", "int32">;
  readonly limit: number;
  readonly pattern: AttentionPattern;
  readonly real: SymbolicValidity<"b n">;
}

function trunkLayer(
  scope: Scope,
  size: TrunkSize,
  { tokens, before, positions, limit, pattern, real }: LayerInput,
): { tokens: SymbolicArray<"b n e">; own: KeyValue } {
  const normed = scope.hidden(gemmaNorm(scope.in("norm.attention"), tokens), real);
  const project = (name: string, heads: number) =>
    linear(scope.in(name), normed, {
      from: "e",
      to: "a f",
      sizes: [heads, size.headWidth],
      bias: "none",
      initial: "fan-in",
    });
  const turned = (x: SymbolicArray<"b n a f">) => rope(x, positions, { base: ropeBase, limit });
  const queries = rename(turned(project("query", size.heads)), "n", "q");
  const own: KeyValue = {
    keys: asKeys(turned(project("key", size.keyHeads))),
    values: asKeys(project("value", size.keyHeads)),
  };
  const parts = before === null ? [own] : [before, own];
  const keys = pattern.layOut(parts.map((part) => part.keys));
  const values = pattern.layOut(parts.map((part) => part.values));
  const read = linear(scope.in("out"), rename(attend(queries, keys, values, pattern), "q", "n"), {
    from: "a f",
    to: "e",
    sizes: [size.width],
    bias: "none",
    initial: "fan-in",
  });
  const seen = scope.watch("attention", add(tokens, read), real);
  const wide = gatedMlp(scope.in("mlp"), gemmaNorm(scope.in("norm.mlp"), seen), size.mlp);
  return { tokens: scope.watch("mlp", add(seen, wide), real), own };
}

function asKeys(x: SymbolicArray<"b n a f">): SymbolicArray<"b k g f"> {
  return rename(rename(x, "n", "k"), "a", "g");
}
