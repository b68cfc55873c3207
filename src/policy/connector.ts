import { type SymbolicArray, sizeOf } from "../graph/array.ts";
import { sum } from "../graph/op/align.ts";
import { scale } from "../graph/op/elementwise.ts";
import { merge, split, transpose } from "../graph/op/shape.ts";
import { linear } from "../nn/linear.ts";
import { type RmsChoice, rmsNormOver } from "../nn/norm.ts";
import type { Scope } from "../nn/parameter.ts";

/**
 * How a picture's patches become tokens of the backbone. A new kind is a new member, and the compiler lists the place.
 *
 * `linear`: each patch is a token, by one map with bias (PaliGemma). `pixel-shuffle`: the patches of a square, laid end to end, are a
 * token, by one map (SmolVLM: squares of 4). `pooled`: the mean of a square is a token, normed, by one map (Gemma 3: squares of 4, which
 * leave 256 of 4,096 patches).
 */
export type ConnectorChoice =
  | { readonly kind: "linear" }
  | { readonly kind: "pixel-shuffle" }
  | { readonly kind: "pooled"; readonly norm: RmsChoice };

/** How large what a connector makes is. */
export interface ConnectorSize {
  /** Of the backbone. */
  readonly width: number;
  /** Side, in patches, of the square that becomes one token; where every patch is a token, 1. */
  readonly square: number;
}

/**
 * A picture's tokens as the backbone reads them, row by row.
 *
 * @param patches `[b n e]`: those of a square picture, row by row
 * @returns `[b n e]`, one token per patch or per square of patches
 * @throws RangeError if the picture's side is no multiple of the square's
 * @source openpi `siglip.py` `head`; transformers `modeling_smolvlm.py` `SmolVLMConnector`, `modeling_gemma3.py`
 *   `Gemma3MultiModalProjector`
 */
export function connect(
  scope: Scope,
  choice: ConnectorChoice,
  patches: SymbolicArray<"b n e">,
  { width, square }: ConnectorSize,
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
  }
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
