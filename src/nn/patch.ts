import { type SymbolicArray, sizeOf } from "../graph/array.ts";
import { merge, split, transpose } from "../graph/op/shape.ts";
import { linear } from "./linear.ts";
import type { Scope } from "./parameter.ts";

/**
 * Square patches of pictures as tokens, row by row: each patch is one linear map over channel, row and column.
 *
 * @param pixels `[b h w c]`, with height and width multiples of the patch
 * @returns `[b n e]`
 * @source openpi `siglip.py`: a convolution whose stride is its size; the weight is PyTorch's `[e c i j]`
 */
export function embedPatches(
  scope: Scope,
  pixels: SymbolicArray<"b h w c">,
  { patch, width }: { readonly patch: number; readonly width: number },
): SymbolicArray<"b n e"> {
  const rows = split(pixels, "h", "h i", [sizeOf(pixels, "h") / patch, patch]);
  const squares = transpose(split(rows, "w", "w j", [sizeOf(pixels, "w") / patch, patch]), "b h w c i j");
  return linear(scope, merge(squares, "h w", "n"), {
    from: "c i j",
    to: "e",
    sizes: [width],
    bias: "zero",
    initial: "fan-in",
  });
}
