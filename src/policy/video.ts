import { constant, type SymbolicArray } from "../graph/array.ts";
import { HostArray } from "../graph/host-array.ts";
import { alignAny, alignTo } from "../graph/op/align.ts";
import { add } from "../graph/op/elementwise.ts";
import { merge, rename, slice, split, transpose } from "../graph/op/shape.ts";
import { attend } from "../nn/attention.ts";
import { afterAttention, hiddenStates, type LayerForm, type Projected, project } from "../nn/layer.ts";
import type { Scope } from "../nn/parameter.ts";
import type { AttentionPattern } from "../nn/pattern.ts";
import type { SymbolicValidity } from "../validity/symbolic.ts";
import { realPatches } from "./real-patches.ts";
import type { VisionSize } from "./size.ts";
import { TokenStream } from "./stream.ts";

/** The pictures of a batch in time: rows of the tower are slots, samples and views, in this order. */
export interface Moments {
  /** The picture exists and may be read. */
  readonly real: SymbolicValidity<"b o v">;
  /** Which slots later layers still need. */
  readonly goesOn: "all" | "now";
}

/** Whether a layer also looks back: the last of every `temporalEvery`. */
export function isTemporal({ temporalEvery }: VisionSize, layer: number): boolean {
  return layer % temporalEvery === temporalEvery - 1;
}

/** The last layer that looks back: behind it only "now" goes on. */
export function lastTemporal({ layers, temporalEvery }: VisionSize): number {
  return Math.floor(layers / temporalEvery) * temporalEvery - 1;
}

/**
 * A layer of the image tower whose values are first read over time, patch by patch, then over the patches of each picture:
 * with the layer's own weights, one set of queries and keys, and one residual.
 *
 * The offset in time is in what is read, not in what goes on. Where nothing but "now" is real, this is the plain layer.
 *
 * @param tokens `[b n e]`, one row per slot, sample and view
 * @returns `[b n e]`, one row per slot that goes on, sample and view
 * @source OpenTau `video_encoder.py` `SpaceTimeSiglipVideoEncoder` (OpenTau#253, #271)
 */
export function temporalLayer(
  scope: Scope,
  form: LayerForm,
  tokens: SymbolicArray<"b n e">,
  moments: Moments,
): SymbolicArray<"b n e"> {
  const { real, goesOn } = moments;
  const [b = 0, o = 0, v = 0] = real.isReal.shape;
  const patches = tokens.shape[1]!;
  const goingOn = <A extends string>(x: SymbolicArray<A>) =>
    goesOn === "now" ? slice(x, "b", (o - 1) * b * v, o * b * v) : x;
  const every = { tokens: withTime(tokens, o), real: realPatches(real, "all", patches), condition: null };
  const { tokens: states, gate } = hiddenStates(scope, form, every);
  const { queries, keys, values } = project(scope, form, { query: goingOn(states), context: states }, null);
  const overTime = temporalAttention(scope, { queries, keys, values }, moments);
  const output = attend(queries, goingOn(keys), overTime, TokenStream.wholeRows);
  const kept = { tokens: goingOn(tokens), real: realPatches(real, goesOn, patches), condition: null };
  return afterAttention(scope, form, kept, { output, gate });
}

/**
 * What each patch reads of the same patch at other times, as values of the patches.
 *
 * A picture that may not be read is no key. Selecting its pixels is not enough: the bias of the patch embedding and the offset
 * in time are not zero.
 */
function temporalAttention(scope: Scope, { queries, keys, values }: Projected, moments: Moments): Projected["values"] {
  const [b = 0, , v = 0] = moments.real.isReal.shape;
  const patches = values.shape[1]!;
  const output = attend(
    rename(byPatch(rename(queries, "q", "p"), b, v), "o", "q"),
    rename(rename(byPatch(rename(rename(keys, "k", "p"), "g", "a"), b, v), "o", "k"), "a", "g"),
    rename(rename(byPatch(rename(rename(values, "k", "p"), "g", "a"), b, v), "o", "k"), "a", "g"),
    patternOfSlots(scope, moments, patches),
  );
  const apart = split(rename(rename(output, "a", "g"), "q", "o"), "b", "b v k", [b, v, patches]);
  return merge(transpose(apart, "o b v k g f"), "o b v", "b");
}

/** One row per sample, view and patch; slots as tokens. */
function byPatch(x: SymbolicArray<"b p a f">, b: number, v: number): SymbolicArray<"b o a f"> {
  const apart = split(x, "b", "o b v", [x.shape[0]! / (b * v), b, v]);
  return merge(transpose(apart, "b v p o a f"), "b v p", "b");
}

/** Each slot reads itself and the slots before it that exist. */
function patternOfSlots(scope: Scope, { real, goesOn }: Moments, patches: number): AttentionPattern {
  const [b = 0, o = 0, v = 0] = real.isReal.shape;
  const form = { axes: "b v p o", shape: [b, v, patches, o], type: "bool" } as const;
  const exists = real.reshaped((bits) =>
    rename(merge(alignAny(transpose(bits, "b v o"), form), "b v p", "b"), "o", "n"),
  );
  return TokenStream.overTime(scope, exists, goesOn === "now" ? o - 1 : 0);
}

/** `h + e(t)`: the offset of each slot from now, as sines and cosines; exactly 0 for now. */
function withTime(tokens: SymbolicArray<"b n e">, slots: number): SymbolicArray<"b n e"> {
  const [rows = 0, , width = 0] = tokens.shape;
  const apart = split(tokens, "b", "o b", [slots, rows / slots]);
  return merge(add(apart, alignTo(constant(timeOffsets(slots, width)), apart)), "o b", "b");
}

/**
 * `[o e]`: sines, then cosines of `−(T − 1) … 0` at periods from 0.004 to 40, less the row of now.
 *
 * Depends on the offset alone, so more slots leave the rows of the later ones as they are.
 *
 * @throws RangeError if there are more slots than the longest period tells apart, or the width is odd
 * @source OpenTau `video_encoder.py`; MEM (π0.6-MEM)
 */
export function timeOffsets(slots: number, width: number): HostArray<"o e"> {
  const half = width / 2;
  if (slots > longestHistory || !Number.isInteger(half))
    throw new RangeError(
      `timeOffsets: expected at most ${longestHistory} slots and an even width, got ${slots} and ${width}`,
    );
  const cells = new Float32Array(slots * width);
  for (let slot = 0; slot < slots; slot++)
    for (let rate = 0; rate < half; rate++) {
      const period = shortestPeriod * (longestPeriod / shortestPeriod) ** (rate / (half - 1));
      const angle = (2 * Math.PI * (slot - slots + 1)) / period;
      cells[slot * width + rate] = Math.sin(angle);
      cells[slot * width + half + rate] = Math.cos(angle) - 1;
    }
  return new HostArray("o e", [slots, width], "float32", cells);
}

const shortestPeriod = 4e-3;
const longestPeriod = 40;

/** Slots that the longest period tells apart. */
export const longestHistory = 1 + longestPeriod;
