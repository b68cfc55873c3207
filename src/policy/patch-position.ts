import { constant, type SymbolicArray } from "../graph/array.ts";
import { HostArray } from "../graph/host-array.ts";
import { einsum } from "../graph/op/einsum.ts";
import { rename } from "../graph/op/shape.ts";
import type { Scope } from "../nn/parameter.ts";

/**
 * What is added to a patch for its place in the picture. A new kind is a new member, and the compiler lists the place.
 *
 * `learnt`: a row of a table that is trained, one for each patch. `sine-cosine`: a fixed row. `resized`: a table that is trained, of
 * pictures of `side` times `side` patches, resized to the pictures that come.
 */
export type PatchPositionChoice =
  | { readonly kind: "learnt" }
  | { readonly kind: "sine-cosine" }
  | { readonly kind: "resized"; readonly side: number };

/**
 * `[n e]`: what is added to each patch, row by row.
 *
 * @param side of the picture, in patches
 * @throws RangeError if sines and cosines are asked for at a width that is no multiple of 4, or below 8
 */
export function patchPositions(
  scope: Scope,
  choice: PatchPositionChoice,
  side: number,
  width: number,
): SymbolicArray<"n e"> {
  const table = (of: number) => scope.parameter("position", "n e", [of ** 2, width], { kind: "sincos2d", side: of });
  switch (choice.kind) {
    case "learnt":
      return table(side);
    case "sine-cosine":
      return constant(sinesAndCosines(side, width));
    case "resized":
      return rename(einsum("p n, n e -> p e", constant(bicubic(choice.side, side)), table(choice.side)), "p", "n");
  }
}

/**
 * A table of a square's places, `[n e]`, row by row, resized to a square of another side.
 *
 * @param side of the square that comes out, in patches
 * @source as `bicubic`
 */
export function resizedPlaces({ shape: [places = 0, width = 0], cells }: HostArray<"n e", "float32">, side: number) {
  const shares = bicubic(Math.sqrt(places), side).cells;
  const out = new Float32Array(side ** 2 * width);
  for (let to = 0; to < side ** 2; to++)
    for (let from = 0; from < places; from++) {
      const share = shares[to * places + from]!;
      if (share === 0) continue;
      for (let at = 0; at < width; at++) out[to * width + at]! += share * cells[from * width + at]!;
    }
  return new HostArray("n e", [side ** 2, width], "float32", out);
}

/**
 * `[n e]`: sines and cosines of the column, then of the row, at angles per patch from 1 to 1/10,000.
 *
 * @source openpi `siglip.py` `posemb_sincos_2d`
 */
function sinesAndCosines(side: number, width: number): HostArray<"n e", "float32"> {
  const rates = width / 4;
  if (!Number.isInteger(rates) || rates < 2)
    throw new RangeError(`patchPositions: expected a width that is a multiple of 4, from 8, got ${width}`);
  const rate = (at: number) => 10_000 ** (-at / (rates - 1));
  const waves = [Math.sin, Math.cos].map((wave) => (place: number, at: number) => wave(place * rate(at)));
  const of = (place: number) => waves.flatMap((wave) => Array.from({ length: rates }, (_, at) => wave(place, at)));
  const byPlace = Array.from({ length: side }, (_, place) => of(place));
  const cells = byPlace.flatMap((row) => byPlace.flatMap((column) => [...column, ...row]));
  return new HostArray("n e", [side ** 2, width], "float32", Float32Array.from(cells));
}

/**
 * `[p n]`: how much each place of a square table counts at each place of a square picture, both row by row.
 *
 * @source SigLIP's `interpolate_pos_encoding` in transformers `modeling_siglip.py`, by PyTorch's bicubic `interpolate` without aligned
 *   corners; Keys: Cubic convolution interpolation (1981), with PyTorch's −0.75
 */
function bicubic(from: number, to: number): HostArray<"p n", "float32"> {
  const along = Array.from({ length: to }, (_, place) => sharesAlong(place, from, to));
  const cells = along.flatMap((row) => along.flatMap((column) => row.flatMap((y) => column.map((x) => y * x))));
  return new HostArray("p n", [to ** 2, from ** 2], "float32", Float32Array.from(cells));
}

/** How much each of `from` places counts at a place of `to`: four of them do, and those past an end count as the last one. */
function sharesAlong(place: number, from: number, to: number): number[] {
  const centre = ((place + 0.5) * from) / to - 0.5;
  const first = Math.floor(centre) - 1;
  const shares = Array<number>(from).fill(0);
  for (const at of [first, first + 1, first + 2, first + 3])
    shares[Math.min(from - 1, Math.max(0, at))]! += cubic(Math.abs(centre - at));
  return shares;
}

/** The cubic convolution kernel at a distance in `[0, 2]`. */
function cubic(distance: number): number {
  const slope = -0.75;
  if (distance <= 1) return ((slope + 2) * distance - (slope + 3)) * distance ** 2 + 1;
  return slope * (((distance - 5) * distance + 8) * distance - 4);
}
