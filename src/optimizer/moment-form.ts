/**
 * How moments are kept between steps: as they are computed, in 16 bits, or in 8 bits and a scale for each block of 32.
 *
 * @source bf16 and fp8 are those of docs/decisions/0022-moments-in-fewer-bits.md
 */
export const momentForms = ["float32", "bf16", "fp8"] as const;

export type MomentForm = (typeof momentForms)[number];

/** The running mean of the gradient, which has signs, or that of its square, which has none. */
export type Moment = "first" | "second";

/** Bytes of a cell, with its share of the scale of its block. */
export const momentBytes: Readonly<Record<MomentForm, number>> = { float32: 4, bf16: 2, fp8: 1 + 1 / 32 };

/** Random bits by the cell that they round, so that it never matters which process rounds it, or when. */
export type RandomBits = (cell: number) => number;

/** Moments in fewer bits than they are computed in. */
export interface NarrowCells {
  /** Writes the values of `out.length` cells from one on. */
  widen(out: Float32Array, from: number): void;
  /**
   * Rounds values into the cells from one on, each to one of the two numbers of the form beside it, the nearer one more often.
   *
   * @param random of a cell; `null` for values that are numbers of the form, which stay what they are
   */
  narrow(values: Float32Array, from: number, random: RandomBits | null): void;
}
