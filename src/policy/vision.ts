import { type SymbolicArray, sizeOf } from "../graph/array.ts";
import { alignAny } from "../graph/op/align.ts";
import { add, offset, scale } from "../graph/op/elementwise.ts";
import { cast } from "../graph/op/select.ts";
import { merge, rename, split, transpose } from "../graph/op/shape.ts";
import { attend } from "../nn/attention.ts";
import { linear } from "../nn/linear.ts";
import { plainMlp } from "../nn/mlp.ts";
import { visionNorm } from "../nn/norm.ts";
import type { Scope } from "../nn/parameter.ts";
import type { SymbolicPadded } from "../validity/symbolic.ts";
import type { VisionSize } from "./size.ts";
import { TokenStream } from "./stream.ts";

/**
 * Patches of each picture as tokens of the tower's width: SigLIP.
 *
 * Each picture is a sequence of its own and is real or unreal as a whole, so patches need no mask among themselves; an unreal
 * picture's tokens are no keys of the stream that takes them up.
 *
 * @param images `[b h w c]`, 0 to 255, one row per picture
 * @returns `[b n e]`, one token per patch, row by row
 * @source openpi `siglip.py`
 */
export function encodePictures(
  scope: Scope,
  size: VisionSize,
  images: SymbolicPadded<"b h w c", "uint8", "b">,
): SymbolicArray<"b n e"> {
  const pixels = offset(scale(cast(images.selected(0), "float32"), 2 / 255), -1);
  let tokens = embedPatches(scope, size, pixels);
  for (let layer = 0; layer < size.layers; layer++) tokens = visionLayer(scope.in(`layer.${layer}`), size, tokens);
  return visionNorm(scope.in("norm"), tokens);
}

/** One patch is one linear map over channel, row and column, in the order of PyTorch's convolution weights. */
function embedPatches(scope: Scope, size: VisionSize, pixels: SymbolicArray<"b h w c">): SymbolicArray<"b n e"> {
  const side = sizeOf(pixels, "h") / size.patch;
  const rows = split(pixels, "h", "h i", [side, size.patch]);
  const squares = transpose(split(rows, "w", "w j", [side, size.patch]), "b h w c i j");
  const patches = linear(scope.in("patch"), merge(squares, "h w", "n"), {
    from: "c i j",
    to: "e",
    sizes: [size.width],
    bias: "zero",
    initial: "fan-in",
  });
  const place = scope.parameter("position", "n e", [side * side, size.width], { kind: "normal", deviation: 0.02 });
  return add(patches, alignAny(place, patches));
}

function visionLayer(scope: Scope, size: VisionSize, tokens: SymbolicArray<"b n e">): SymbolicArray<"b n e"> {
  const normed = visionNorm(scope.in("norm.attention"), tokens);
  const sizes = [size.heads, size.width / size.heads];
  const wide = { from: "e", sizes, bias: "zero", initial: "fan-in" } as const;
  const queries = linear(scope.in("query"), rename(normed, "n", "q"), { ...wide, to: "a f" });
  const keys = linear(scope.in("key"), rename(normed, "n", "k"), { ...wide, to: "g f" });
  const values = linear(scope.in("value"), rename(normed, "n", "k"), { ...wide, to: "g f" });
  const read = linear(scope.in("out"), rename(attend(queries, keys, values, TokenStream.wholeRows), "q", "n"), {
    from: "a f",
    to: "e",
    sizes: [size.width],
    bias: "zero",
    initial: "fan-in",
  });
  const seen = add(tokens, read);
  return add(seen, plainMlp(scope.in("mlp"), visionNorm(scope.in("norm.mlp"), seen), size.mlp));
}
