import { type SymbolicArray, sizeOf } from "../graph/array.ts";
import { alignTo, sum } from "../graph/op/align.ts";
import { einsum } from "../graph/op/einsum.ts";
import { add, scale } from "../graph/op/elementwise.ts";
import { merge, rename, split, transpose } from "../graph/op/shape.ts";
import { softmax } from "../graph/op/softmax.ts";
import { linear } from "../nn/linear.ts";
import { type RmsChoice, rmsNormOver } from "../nn/norm.ts";
import type { Scope } from "../nn/parameter.ts";

/**
 * How a picture's patches become tokens of the backbone. A new kind is a new member, and the compiler lists the place.
 *
 * `linear`: each patch is a token, by one map with bias (PaliGemma). `pixel-shuffle`: the patches of a square, laid end to end, are a
 * token, by one map (SmolVLM: squares of 4). `pooled`: the mean of a square is a token, normed, by one map (Gemma 3: squares of 4, which
 * leave 256 of 4,096 patches). `queries`: trained queries, each of which is a token: the mean of the picture's patches, weighted by a softmax
 * of how much each answers to it (a spatial softmax whose patches say where they are). However many patches a picture has, the backbone
 * reads as many tokens as there are queries.
 */
export type ConnectorChoice =
  | { readonly kind: "linear" }
  | { readonly kind: "pixel-shuffle" }
  | { readonly kind: "pooled"; readonly norm: RmsChoice }
  | { readonly kind: "queries" };

/** How large what a connector makes is. */
export interface ConnectorSize {
  /** Of the backbone. */
  readonly width: number;
  /** Side, in patches, of the square that becomes one token; where every patch is a token, 1. */
  readonly square: number;
  /** Of a connector of queries, how many; of others, none. */
  readonly queries?: number | undefined;
}

/**
 * A picture's tokens as the backbone reads them, row by row.
 *
 * @param patches `[b n e]`: those of a square picture, row by row
 * @returns `[b n e]`, one token per patch or per square of patches
 * @throws RangeError if the picture's side is no multiple of the square's
 * @source openpi `siglip.py` `head`; transformers `modeling_smolvlm.py` `SmolVLMConnector`, `modeling_gemma3.py`
 *   `Gemma3MultiModalProjector`; queries: the spatial softmax of Levine et al., End-to-end training of deep visuomotor policies
 *   (arXiv:1504.00702), which LeRobot's `modeling_diffusion.py` has as `SpatialSoftmax`, over what patches say in place of where they are
 */
export function connect(
  scope: Scope,
  choice: ConnectorChoice,
  patches: SymbolicArray<"b n e">,
  { width, square, queries }: ConnectorSize,
): SymbolicArray<"b n e"> {
  const wide = { from: "e", to: "e", sizes: [width], initial: "fan-in" } as const;
  switch (choice.kind) {
    case "linear":
      return linear(scope, patches, { ...wide, bias: "zero" });
    case "pixel-shuffle": {
      const shuffled = merge(merge(squares(patches, square), "i j e", "e"), "h w", "n");
      return linear(scope, shuffled, { ...wide, bias: "none" });
    }
    case "pooled": {
      const total = sum(squares(patches, square), "b h w e");
      const pooled = merge(scale(total, square ** -2), "h w", "n");
      return linear(scope, rmsNormOver("e", scope.in("norm"), choice.norm, pooled), { ...wide, bias: "none" });
    }
    case "queries":
      return named(scope, linear(scope.in("value"), answers(scope, patches, queries), { ...wide, bias: "zero" }));
  }
}

/** Each token with what tells its query from the others. */
function named(scope: Scope, tokens: SymbolicArray<"b n e">): SymbolicArray<"b n e"> {
  const [, queries = 0, width = 0] = tokens.shape;
  const name = scope.parameter("name", "n e", [queries, width], { kind: "normal", deviation: 1 });
  return add(tokens, alignTo(name, tokens));
}

/**
 * Standard deviation of a query's scores over patches before training, where patches are normed. With 1 each query begins with the mean of
 * all patches, of which a thing in the picture is a hundredth; with 10 it begins with one patch, and hardly leaves it
 * (docs/negative-results.md).
 */
const scoreDeviation = 4;

/** `[b n e]`: of each query, the mean of the patches, weighted by how much they answer to it. */
function answers(scope: Scope, patches: SymbolicArray<"b n e">, queries: number | undefined): SymbolicArray<"b n e"> {
  if (queries === undefined)
    throw new RangeError("connector: expected a vision size with a number of queries, got none");
  const keys = rename(patches, "n", "k");
  const initial = { kind: "normal", deviation: scoreDeviation / Math.sqrt(sizeOf(patches, "e")) } as const;
  const wide = { from: "e", to: "q", sizes: [queries], bias: "none", initial } as const;
  const weights = softmax(transpose(linear(scope.in("query"), keys, wide), "b q k"));
  return rename(einsum("b q k, b k e -> b q e", weights, keys), "q", "n");
}

/** `[b h w i j e]`: by the place of a square in the picture, then by the place of a patch in the square. */
function squares(patches: SymbolicArray<"b n e">, square: number): SymbolicArray<"b h w i j e"> {
  const side = Math.sqrt(sizeOf(patches, "n"));
  if (!Number.isInteger(side / square))
    throw new RangeError(
      `connector: expected a picture whose patches are a multiple of ${square} along each side, got ${side} along a side`,
    );
  const byPlace = split(patches, "n", "h w", [side, side]);
  const rows = split(byPlace, "h", "h i", [side / square, square]);
  return transpose(split(rows, "w", "w j", [side / square, square]), "b h w i j e");
}
