import { asBlock, type SymbolicArray, sizeOf } from "../graph/array.ts";
import { alignTo } from "../graph/op/align.ts";
import { add, offset, scale } from "../graph/op/elementwise.ts";
import { cast } from "../graph/op/select.ts";
import { merge, slice, transpose } from "../graph/op/shape.ts";
import { type LayerForm, transformerLayer } from "../nn/layer.ts";
import { mlp } from "../nn/mlp.ts";
import { norm } from "../nn/norm.ts";
import type { Scope } from "../nn/parameter.ts";
import { embedPatches } from "../nn/patch.ts";
import { SymbolicPadded } from "../validity/symbolic.ts";
import type { Pictures } from "./inputs.ts";
import { withMotion } from "./motion.ts";
import { patchPositions } from "./patch-position.ts";
import { realPatches } from "./real-patches.ts";
import type { MotionSize } from "./size.ts";
import { TokenStream } from "./stream.ts";
import { type TowerForm, towerLayer } from "./tower.ts";
import { isTemporal, lastTemporal, temporalLayer } from "./video.ts";

/** Patches of one picture read each other. */
const ownPicture = { kind: "joint", pattern: TokenStream.wholeRows, before: null, rotation: null } as const;

/**
 * Patches of each view's picture now as tokens of the tower's width; where there is history, some towers look back
 * or see what moved.
 *
 * Each picture is a sequence of its own and is real or unreal as a whole, so patches need no mask among themselves; an unreal
 * picture's tokens are no keys of the stream that takes them up. With one slot this is the plain image tower.
 *
 * @param given `[b o v h w c]`, 0 to 255
 * @returns `[b n e]`, rows by sample and view, one token per patch, row by row
 * @source openpi `siglip.py`
 */
export function encodePictures(scope: Scope, tower: TowerForm, given: Pictures): SymbolicArray<"b n e"> {
  const { choice, size } = tower;
  const images = choice.history === "none" ? ofNow(given) : given;
  const frames = merge(transpose(images.selected(0), "o b v h w c"), "o b v", "b");
  const pixels = offset(scale(cast(frames, "float32"), 2 / 255), -1);
  const patches = embedPatches(scope.in("patch"), pixels, size);
  const side = size.picture / size.patch;
  const place = patchPositions(scope, choice.positions, side, size.width);
  const form = towerLayer(tower);
  const hasHistory = choice.history === "space-time" && sizeOf(images.valid.isReal, "o") > 1;
  const motion = motionSizeOf(tower);
  let slots: "all" | "now" = "all";
  let tokens = add(patches, alignTo(place, patches));
  for (let layer = 0; layer < size.layers; layer++) {
    const own = scope.in(`layer.${layer}`).unwatched();
    if (hasHistory && isTemporal(size, layer)) {
      slots = layer === lastTemporal(size) ? "now" : "all";
      const moments = { real: images.valid, goesOn: slots };
      const given = tokens;
      tokens = asBlock(() => temporalLayer(own, form, given, moments));
      continue;
    }
    if (choice.reads === "own patch") {
      tokens = patchLayer(own, form, tokens);
      continue;
    }
    const real = realPatches(images.valid, slots, sizeOf(tokens, "n"));
    tokens = transformerLayer(own, form, { tokens, real, condition: null }, ownPicture).tokens;
    if (motion?.after !== layer) continue;
    slots = "now";
    const still = tokens;
    tokens = asBlock(() => withMotion(scope.in("motion").unwatched(), motion, still, images.valid));
  }
  return norm(scope.in("norm"), choice.lastNorm, tokens, null).tokens;
}

/** A layer without attention: `x + mlp(norm(x))`. */
function patchLayer(scope: Scope, { choice, size }: LayerForm, tokens: SymbolicArray<"b n e">): SymbolicArray<"b n e"> {
  return asBlock(() => {
    const normed = norm(scope.in("norm.mlp"), choice.norms.mlp, tokens, null).tokens;
    return add(tokens, mlp(scope.in("mlp"), choice.mlp, normed, size.mlp));
  });
}

/**
 * @throws RangeError if a tower sees motion whose size has none, or has it behind a layer that is not there
 */
function motionSizeOf({ choice, size }: TowerForm): MotionSize | null {
  if (choice.history !== "motion") return null;
  const { motion, layers } = size;
  if (motion === undefined || motion.after >= layers)
    throw new RangeError(
      `encodePictures: expected a size with motion behind one of ${layers} layers, got ${motion?.after ?? "none"}`,
    );
  return motion;
}

/** Without the slots before the last, which is now. */
function ofNow(images: Pictures): Pictures {
  return images.read((pixels, valid) => {
    const o = sizeOf(pixels, "o");
    return SymbolicPadded.of(
      slice(pixels, "o", o - 1, o),
      valid.reshaped((bits) => slice(bits, "o", o - 1, o)),
    );
  });
}
