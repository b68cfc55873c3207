import type { SymbolicArray } from "../graph/array.ts";
import { alignTo } from "../graph/op/align.ts";
import { add, offset, scale } from "../graph/op/elementwise.ts";
import { cast } from "../graph/op/select.ts";
import { rename } from "../graph/op/shape.ts";
import { attend } from "../nn/attention.ts";
import { linear } from "../nn/linear.ts";
import { plainMlp } from "../nn/mlp.ts";
import { visionNorm } from "../nn/norm.ts";
import type { Scope } from "../nn/parameter.ts";
import { embedPatches } from "../nn/patch.ts";
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
  const patches = embedPatches(scope.in("patch"), pixels, size);
  const place = scope.parameter("position", "n e", patches.shape.slice(1), { kind: "normal", deviation: 0.02 });
  let tokens = add(patches, alignTo(place, patches));
  for (let layer = 0; layer < size.layers; layer++) tokens = visionLayer(scope.in(`layer.${layer}`), size, tokens);
  return visionNorm(scope.in("norm"), tokens);
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
