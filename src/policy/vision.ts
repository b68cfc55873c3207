import { type SymbolicArray, sizeOf } from "../graph/array.ts";
import { alignTo } from "../graph/op/align.ts";
import { add, offset, scale } from "../graph/op/elementwise.ts";
import { cast } from "../graph/op/select.ts";
import { merge, transpose } from "../graph/op/shape.ts";
import { type LayerChoice, type LayerForm, transformerLayer } from "../nn/layer.ts";
import { type NormChoice, norm } from "../nn/norm.ts";
import type { Scope } from "../nn/parameter.ts";
import { embedPatches } from "../nn/patch.ts";
import type { SymbolicPadded } from "../validity/symbolic.ts";
import { realPatches } from "./real-patches.ts";
import type { VisionSize } from "./size.ts";
import { TokenStream } from "./stream.ts";
import { isTemporal, lastTemporal, temporalLayer } from "./video.ts";

const siglipNorm: NormChoice = { kind: "layer", weight: "gain and bias", epsilon: 1e-6 };

const siglip: LayerChoice = {
  norms: { attention: siglipNorm, mlp: siglipNorm },
  mlp: { kind: "plain", activation: "gelu-tanh" },
  bias: "zero",
};

/** Patches of one picture read each other. */
const ownPicture = { kind: "joint", pattern: TokenStream.wholeRows, before: null, rotation: null } as const;

/**
 * Patches of each view's picture now as tokens of the tower's width: SigLIP, which looks back where there is history.
 *
 * Each picture is a sequence of its own and is real or unreal as a whole, so patches need no mask among themselves; an unreal
 * picture's tokens are no keys of the stream that takes them up. With one slot this is the plain image tower.
 *
 * @param images `[b o v h w c]`, 0 to 255
 * @returns `[b n e]`, rows by sample and view, one token per patch, row by row
 * @source openpi `siglip.py`
 */
export function encodePictures(
  scope: Scope,
  size: VisionSize,
  images: SymbolicPadded<"b o v h w c", "uint8", "b o v">,
): SymbolicArray<"b n e"> {
  const frames = merge(transpose(images.selected(0), "o b v h w c"), "o b v", "b");
  const pixels = offset(scale(cast(frames, "float32"), 2 / 255), -1);
  const patches = embedPatches(scope.in("patch"), pixels, size);
  const side = size.picture / size.patch;
  const place = scope.parameter("position", "n e", patches.shape.slice(1), { kind: "sincos2d", side });
  const form = layerForm(size);
  const hasHistory = sizeOf(images.valid.isReal, "o") > 1;
  let slots: "all" | "now" = "all";
  let tokens = add(patches, alignTo(place, patches));
  for (let layer = 0; layer < size.layers; layer++) {
    const own = scope.in(`layer.${layer}`).unwatched();
    if (hasHistory && isTemporal(size, layer)) {
      slots = layer === lastTemporal(size) ? "now" : "all";
      tokens = temporalLayer(own, form, tokens, { real: images.valid, goesOn: slots });
      continue;
    }
    const real = realPatches(images.valid, slots, sizeOf(tokens, "n"));
    tokens = transformerLayer(own, form, { tokens, real, condition: null }, ownPicture).tokens;
  }
  return norm(scope.in("norm"), siglipNorm, tokens, null).tokens;
}

function layerForm({ width, mlp, heads }: VisionSize): LayerForm {
  return { choice: siglip, size: { width, mlp, heads, keyHeads: heads, headWidth: width / heads } };
}
