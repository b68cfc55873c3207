import type { SymbolicArray } from "../graph/array.ts";
import { add } from "../graph/op/elementwise.ts";
import { rename } from "../graph/op/shape.ts";
import { attend } from "../nn/attention.ts";
import { linear } from "../nn/linear.ts";
import { plainMlp } from "../nn/mlp.ts";
import { visionNorm } from "../nn/norm.ts";
import type { Scope } from "../nn/parameter.ts";
import type { VisionSize } from "./size.ts";
import { TokenStream } from "./stream.ts";

/** Queries, keys and values of one layer, one per patch. */
export interface Projected {
  readonly queries: SymbolicArray<"b q a f">;
  readonly keys: SymbolicArray<"b k g f">;
  readonly values: SymbolicArray<"b k g f">;
}

/**
 * A layer of the image tower over the patches of each picture by itself.
 *
 * @param tokens `[b n e]`, one row per picture
 * @source openpi `siglip.py` `Encoder1DBlock`
 */
export function visionLayer(scope: Scope, size: VisionSize, tokens: SymbolicArray<"b n e">): SymbolicArray<"b n e"> {
  const normed = visionNorm(scope.in("norm.attention"), tokens);
  return withRead(scope, size, tokens, amongPatches(project(scope, size, normed, normed)));
}

/** One set of weights, whoever asks and whatever is read. */
export function project(
  scope: Scope,
  size: VisionSize,
  asking: SymbolicArray<"b n e">,
  asked: SymbolicArray<"b n e">,
): Projected {
  const sizes = [size.heads, size.width / size.heads];
  const wide = { from: "e", sizes, bias: "zero", initial: "fan-in" } as const;
  return {
    queries: linear(scope.in("query"), rename(asking, "n", "q"), { ...wide, to: "a f" }),
    keys: linear(scope.in("key"), rename(asked, "n", "k"), { ...wide, to: "g f" }),
    values: linear(scope.in("value"), rename(asked, "n", "k"), { ...wide, to: "g f" }),
  };
}

/** What each patch reads of the patches of its own picture. */
export function amongPatches({ queries, keys, values }: Projected): SymbolicArray<"b q a f"> {
  return attend(queries, keys, values, TokenStream.wholeRows);
}

/** The second half of a layer: what was read is added, then the feed-forward. */
export function withRead(
  scope: Scope,
  size: VisionSize,
  tokens: SymbolicArray<"b n e">,
  read: SymbolicArray<"b q a f">,
): SymbolicArray<"b n e"> {
  const projected = linear(scope.in("out"), rename(read, "q", "n"), {
    from: "a f",
    to: "e",
    sizes: [size.width],
    bias: "zero",
    initial: "fan-in",
  });
  const seen = add(tokens, projected);
  return add(seen, plainMlp(scope.in("mlp"), visionNorm(scope.in("norm.mlp"), seen), size.mlp));
}
