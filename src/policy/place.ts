import type { TokenPlaces } from "../graph/op/rope.ts";

/** Tokens of one kind that stand beside each other. */
export interface TokenRun {
  /** What they are made of. */
  readonly name: string;
  readonly length: number;
}

/**
 * Places along three axes: time, rows and columns. The tokens of a picture stand where positions have come to, at their row and at their
 * column from there, and the picture advances them by its side; every other token stands at one place on all axes and advances them by one.
 *
 * A picture exists as a whole, so that its last token advances for all of it.
 *
 * @param side of the square that a picture's tokens are, row by row
 * @throws RangeError if tokens of pictures are no whole number of such squares
 * @source OpenTau `policies/pi05_mem/modeling_pi05.py` `build_mrope_prefix_positions`, `mrope_suffix_position_ids`
 */
export function placesInGrids(runs: readonly TokenRun[], side: number): TokenPlaces {
  const square = side * side;
  const tokens = runs.flatMap(({ name, length }) => {
    const isGrid = name === "pictures";
    if (isGrid && length % square !== 0)
      throw new RangeError(
        `placesInGrids: expected pictures of ${side} times ${side} tokens, got ${length} tokens of pictures`,
      );
    return Array.from({ length }, (_, at) => (isGrid ? placeOfPatch(at % square, side) : placeOfText));
  });
  return { advances: tokens.map(({ advance }) => advance), offsets: tokens.map(({ offsets }) => offsets) };
}

const placeOfText = { advance: 1, offsets: [0, 0, 0] };

function placeOfPatch(patch: number, side: number) {
  const isLast = patch === side * side - 1;
  return { advance: isLast ? side : 0, offsets: [0, Math.floor(patch / side), patch % side] };
}
