import { constant, type SymbolicArray, sizeOf } from "../graph/array.ts";
import { HostArray } from "../graph/host-array.ts";
import { gelu } from "../graph/op/activation.ts";
import { alignTo, sum } from "../graph/op/align.ts";
import { cumulative } from "../graph/op/cumulative.ts";
import { einsum } from "../graph/op/einsum.ts";
import { add, divide, multiply, offset, scale, sqrt, square, subtract } from "../graph/op/elementwise.ts";
import { rmsNorm } from "../graph/op/norm.ts";
import { and, cast, lessOrEqual, select, where } from "../graph/op/select.ts";
import { concat, merge, rename, slice, split, transpose } from "../graph/op/shape.ts";
import { linear } from "../nn/linear.ts";
import { norm } from "../nn/norm.ts";
import { one, type Scope, zero } from "../nn/parameter.ts";
import type { SymbolicValidity } from "../validity/symbolic.ts";
import { realPatches } from "./real-patches.ts";
import { slotKeys } from "./segment.ts";
import type { MotionSize } from "./size.ts";

/** Of a clip, which of its pictures exist, and which of those is the first. */
interface Clip {
  readonly isReal: SymbolicArray<"o b", "bool">;
  readonly isFirst: SymbolicArray<"o b", "bool">;
}

/**
 * The patches of now, and what moved: how alike each patch is to those around its place in the pictures around its own, through a
 * small network. At first it adds nothing.
 *
 * Before the first picture that exists stands that picture, as if nothing had moved, and behind now stands now; so a clip is the same
 * whatever slots there are before it. Means and variances are those of pictures that exist: OpenTau's also count the copies.
 *
 * @param tokens `[b n e]`, one row per slot, sample and view; patches of a square, row by row
 * @returns `[b n e]`, one row per sample and view
 * @source OpenTau `pi05_mem/rldx_video_encoder.py`, `motion_module.py` (RLDX-1; SELFY, arXiv:2102.07092), "cosine", "groupnorm", "lite"
 */
export function withMotion(
  scope: Scope,
  size: MotionSize,
  tokens: SymbolicArray<"b n e">,
  real: SymbolicValidity<"b o v">,
): SymbolicArray<"b n e"> {
  const [b = 0, o = 0, v = 0] = real.isReal.shape;
  const patches = sizeOf(tokens, "n");
  const clip = clipOf(scope, real);
  const states = split(scope.hidden(tokens, realPatches(real, "all", patches)), "b", "o b", [o, b * v]);
  const first = sum(select(clip.isFirst, states, 0), "b n e");
  const filled = where(alignTo(clip.isReal, states), states, alignTo(first, states));
  const pictures = comparedPictures(scope, size, merge(filled, "o b", "b"), o);
  const likenesses = likenessBySlot(size, pictures);
  const extracted = likenesses.map((likeness) => extract(scope, size, likeness, clip));
  const fused = linear(scope.in("fuse"), concat("c", extracted), { ...plain, from: "c", to: "m", sizes: [size.fused] });
  const mixed = linear(scope.in("mix"), gelu(fused), { ...whole, from: "m", to: "m", sizes: [size.width] });
  const width = sizeOf(tokens, "e");
  const moved = linear(scope.in("out"), mixed, { ...whole, from: "m", to: "e", sizes: [width], initial: zero });
  return add(slice(tokens, "b", (o - 1) * b * v, o * b * v), moved);
}

const plain = { bias: "none", initial: "fan-in" } as const;
const whole = { bias: "zero", initial: "fan-in" } as const;

/** Rows are samples and views, as those of a tower's slot. */
function clipOf(scope: Scope, real: SymbolicValidity<"b o v">): Clip {
  const slots = real.reshaped((bits) => rename(merge(transpose(bits, "b v o"), "b v", "b"), "o", "n"));
  const isReal = rename(slotKeys(scope, slots).isReal, "n", "o");
  const count = cumulative(cast(isReal, "float32"));
  const isFirst = and(isReal, lessOrEqual(count, alignTo(constant(filledWith("", [], 1)), count)));
  return { isReal: transpose(isReal, "o b"), isFirst: transpose(isFirst, "o b") };
}

/** What is compared, `[o b n m]`: of length 1, so that a product of two is the cosine between them. */
function comparedPictures(
  scope: Scope,
  { width }: MotionSize,
  tokens: SymbolicArray<"b n e">,
  slots: number,
): SymbolicArray<"o b n m"> {
  const normed = norm(scope.in("norm"), { kind: "layer", weight: "gain and bias", epsilon: 1e-6 }, tokens, null).tokens;
  const narrow = linear(scope.in("in"), normed, { ...whole, from: "e", to: "m", sizes: [width] });
  const unit = rmsNorm(narrow, constant(filledWith("m", [width], 1 / Math.sqrt(width))), shortest ** 2);
  return split(unit, "b", "o b", [slots, sizeOf(unit, "b") / slots]);
}

/** What is shorter counts as without direction. */
const shortest = 1e-6;

/** For each of the pictures around a picture, how alike its patches are to those around each of the picture's own, `[o b n r]`. */
function likenessBySlot({ slots, side }: MotionSize, pictures: SymbolicArray<"o b n m">): SymbolicArray<"o b n r">[] {
  const [o, half] = [sizeOf(pictures, "o"), (slots - 1) / 2];
  const around = constant(squaresAround(Math.sqrt(sizeOf(pictures, "n")), side));
  return Array.from({ length: slots }, (_, at) => {
    const others = Array.from({ length: o }, (_, slot) => Math.min(o - 1, Math.max(0, slot + at - half)));
    const compared = concat(
      "o",
      others.map((other) => slice(pictures, "o", other, other + 1)),
    );
    const alike = einsum("o b n m, o b k m -> o b n k", pictures, rename(compared, "n", "k"));
    return einsum("o b n k, n k r -> o b n r", alike, around);
  });
}

/** `[n k r]`: 1 where patch `k` is the `r`th of the square around patch `n`; past the picture's edge there is none. */
function squaresAround(picture: number, side: number): HostArray<"n k r", "float32"> {
  const places = picture ** 2;
  const out = filledWith("n k r", [places, places, side ** 2], 0);
  const half = (side - 1) / 2;
  for (let place = 0; place < places; place++)
    for (let at = 0; at < side ** 2; at++) {
      const row = Math.floor(place / picture) + Math.floor(at / side) - half;
      const column = (place % picture) + (at % side) - half;
      if (row < 0 || column < 0 || row >= picture || column >= picture) continue;
      out.cells[(place * places + row * picture + column) * side ** 2 + at] = 1;
    }
  return out;
}

/** Features of now's likenesses to one picture, `[b n c]`, in the scale of the clip's. */
function extract(
  scope: Scope,
  { extracted }: MotionSize,
  likeness: SymbolicArray<"o b n r">,
  clip: Clip,
): SymbolicArray<"b n c"> {
  const features = linear(scope.in("extract"), likeness, { ...plain, from: "r", to: "c", sizes: [extracted] });
  const [o, cells] = [sizeOf(features, "o"), sizeOf(features, "n") * extracted];
  const count = scale(overSlots(cast(clip.isReal, "float32")), cells);
  const counted = alignTo(constant(filledWith("", [], 1)), count);
  const divisor = where(lessOrEqual(count, counted), counted, count);
  const meanOf = (values: SymbolicArray<"o b n c">) =>
    divide(overSlots(sum(select(clip.isReal, values, 0), "o b")), divisor);
  const centred = subtract(features, alignTo(meanOf(features), features));
  const spread = sqrt(offset(meanOf(square(centred)), 1e-5));
  const now = merge(slice(centred, "o", o - 1, o), "o b", "b");
  const normed = divide(now, alignTo(spread, now));
  const own = scope.in("extract.norm");
  const gain = own.parameter("weight", "c", [extracted], one);
  const shift = own.parameter("bias", "c", [extracted], zero);
  return gelu(add(multiply(normed, alignTo(gain, now)), alignTo(shift, now)));
}

/** The sum over the slots of each row, oldest first, so that slots of nothing before the others change no bit of it. */
function overSlots(values: SymbolicArray<"o b">): SymbolicArray<"b"> {
  const slots = Array.from({ length: sizeOf(values, "o") }, (_, at) =>
    merge(slice(values, "o", at, at + 1), "o b", "b"),
  );
  return slots.reduce((total, own) => add(total, own));
}

function filledWith<A extends string>(axes: A, shape: readonly number[], value: number): HostArray<A, "float32"> {
  const length = shape.reduce((product, size) => product * size, 1);
  return new HostArray(axes, shape, "float32", new Float32Array(length).fill(value));
}
