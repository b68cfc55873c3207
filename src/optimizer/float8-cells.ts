import { bitsOf } from "./bfloat16-cells.ts";
import type { Moment, NarrowCells, RandomBits } from "./moment-form.ts";

/** Cells that share a scale. */
const blockCells = 32;

/** Exponents of a code are 0 to 15: those of 1 to 15 are binades up to the block's own, 0 are the steps below them. */
const largestExponent = 15;

/** Below it a block's exponent does not go, so that the smallest step of each is a normal number of float32. */
const leastExponent = 27;

/**
 * Cells of 8 bits in blocks of 32, each with the exponent of its largest cell.
 *
 * A code is a small floating-point number: 4 bits of exponent, and 3 of significand behind a sign; squares have no sign and 4 bits of
 * significand. All codes are numbers. With the exponent `E` of the block, codes reach from `2^(E−14)` to `2^(E+1)` with a step of 1/8 (1/16) to a
 * binade, and below it to 0 in steps of `2^(E−17)` (`2^(E−18)`).
 *
 * A square that is not 0 does not become 0, however small it is beside others: AdamW divides by its root.
 *
 * @source Blocks and scales as the Microscaling formats (MX, Open Compute Project, v1.0) have them in MXFP8 E4M3, with numbers in place of NaN;
 *   Dettmers et al.: 8-bit Optimizers via Block-wise Quantization (arXiv:2110.02861) for moments by block
 */
export class Float8Cells implements NarrowCells {
  readonly #codes: Uint8Array;
  /** The biased exponent of float32 of each block. */
  readonly #exponents: Uint8Array;
  readonly #moment: Moment;
  readonly #significandBits: number;
  readonly #values: Float32Array;
  readonly #random = new Uint32Array(blockCells);

  constructor(length: number, moment: Moment) {
    this.#codes = new Uint8Array(length);
    this.#exponents = new Uint8Array(Math.ceil(length / blockCells)).fill(leastExponent);
    this.#moment = moment;
    this.#significandBits = moment === "first" ? 3 : 4;
    this.#values = valuesOf(moment, this.#significandBits);
  }

  /** @throws RangeError unless the first cell begins a block */
  widen(out: Float32Array, from: number): void {
    refuseInside(from);
    const values = this.#values;
    for (let begin = 0; begin < out.length; begin += blockCells) {
      const scale = 2 ** (this.#exponents[(from + begin) / blockCells]! - 127);
      const end = Math.min(begin + blockCells, out.length);
      for (let at = begin; at < end; at++) out[at] = values[this.#codes[from + at]!]! * scale;
    }
  }

  /** @throws RangeError unless the first cell begins a block */
  narrow(values: Float32Array, from: number, random: RandomBits | null): void {
    refuseInside(from);
    const bits = bitsOf(values);
    for (let begin = 0; begin < bits.length; begin += blockCells) {
      const end = Math.min(begin + blockCells, bits.length);
      for (let at = begin; at < end; at++) this.#random[at - begin] = random === null ? 0 : random(from + at);
      this.#narrowBlock(bits, begin, end, from);
    }
  }

  /** Rounds the cells of a block, which stand from `begin` to `end` among the bits and `from` further here. */
  #narrowBlock(bits: Uint32Array, begin: number, end: number, from: number): void {
    const [random, codes, significand] = [this.#random, this.#codes, this.#significandBits];
    // What goes of the 23 bits of float32, and how random words become numbers of so many bits.
    const dropped = 23 - significand;
    let largest = 0;
    for (let at = begin; at < end; at++) {
      const rounded = (bits[at]! & magnitude) + (random[at - begin]! >>> (32 - dropped));
      if (rounded > largest) largest = rounded;
    }
    // The exponent is that of the largest cell as it is rounded: it may have come to the next power of two.
    const own = Math.max(leastExponent, largest >>> 23);
    this.#exponents[(from + begin) / blockCells] = own;
    const below = (own - largestExponent) << significand;
    const isSquare = this.#moment === "second";
    for (let at = begin; at < end; at++) {
      const size = bits[at]! & magnitude;
      const word = random[at - begin]!;
      const exponent = (size >>> 23) - own + largestExponent;
      const code =
        exponent > 0
          ? ((size + (word >>> (32 - dropped))) >>> dropped) - below
          : steps((size & 0x7fffff) | 0x800000, word, dropped + 1 - exponent);
      if (isSquare) codes[from + at] = code === 0 && size > 0 ? 1 : code;
      else codes[from + at] = code | ((bits[at]! >>> 24) & 0x80);
    }
  }
}

const magnitude = 0x7fffffff;

/** Whole steps below the binades: a significand without so many of its bits, rounded. */
function steps(significand: number, random: number, dropped: number): number {
  return dropped > 31 ? 0 : (significand + (random >>> (32 - dropped))) >>> dropped;
}

/** What each code is in a block of exponent 0. */
function valuesOf(moment: Moment, significandBits: number): Float32Array {
  const perBinade = 2 ** significandBits;
  return Float32Array.from({ length: 256 }, (_, code) => {
    const size = moment === "first" ? code & 0x7f : code;
    const exponent = Math.floor(size / perBinade);
    const significand = (size % perBinade) / perBinade;
    const value =
      exponent === 0 ? significand * 2 ** (1 - largestExponent) : (1 + significand) * 2 ** (exponent - largestExponent);
    return size === code ? value : -value;
  });
}

function refuseInside(from: number): void {
  if (from % blockCells !== 0)
    throw new RangeError(`Float8Cells: expected the first cell of a block of ${blockCells}, got cell ${from}`);
}
