import { cells, describe, letters, type Within } from "../graph/axes.ts";
import { HostArray } from "../graph/host-array.ts";

/** A validity as plain data, for the border between workers: structured clone drops classes, and with them the mask. */
export interface EncodedValidity {
  readonly kind: "validity";
  readonly axes: string;
  readonly shape: readonly number[];
  readonly bits: Uint8Array;
}

/**
 * Which cells exist: 1 is real, 0 is padding. Axes are nominal and ordered, so a validity fits only what it was made for.
 *
 * There is no default: "nothing is padding" has to be written, as `Validity.complete`.
 */
export class Validity<A extends string> {
  readonly axes: A;
  readonly shape: readonly number[];
  readonly #bits: Uint8Array;
  declare protected readonly nominal: (axes: A) => A;

  private constructor(axes: A, shape: readonly number[], bits: Uint8Array) {
    this.axes = axes;
    this.shape = shape;
    this.#bits = bits;
  }

  /**
   * A validity of the bits given, which are copied.
   *
   * @throws RangeError if the number of bits does not fit the shape, or a bit is neither 0 nor 1
   */
  static of<const A extends string>(axes: A, shape: readonly number[], bits: Uint8Array): Validity<A> {
    if (letters(axes).length !== shape.length || bits.length !== cells(shape))
      throw new RangeError(`Validity: ${describe(axes, shape)} has ${cells(shape)} cells, got ${bits.length} bits`);
    const invalid = bits.findIndex((bit) => bit > 1);
    if (invalid >= 0)
      throw new RangeError(`Validity: expected bits of 0 and 1, got ${bits[invalid]} at cell ${invalid}`);
    return new Validity<A>(axes, [...shape], bits.slice());
  }

  /** Says, in writing, that no cell is padding. */
  static complete<const A extends string>(axes: A, shape: readonly number[]): Validity<A> {
    return Validity.of(axes, shape, new Uint8Array(cells(shape)).fill(1));
  }

  /**
   * A cell exists where every part says so; each part is repeated along the axes it lacks.
   *
   * `Validity.every("b t d", [stepReal, dofReal])` is the outer product of `b t` and `b d`.
   *
   * @throws RangeError if parts disagree about a size, or an axis of `axes` stands in no part
   */
  static every<const A extends string, const P extends readonly string[]>(
    axes: A,
    parts: { readonly [K in keyof P]: Validity<Within<P[K], A>> },
  ): Validity<A> {
    return Validity.#joined(axes, parts, 1);
  }

  /** A cell exists where at least one part says so; each part is repeated along the axes it lacks. Errors as in `every`. */
  static some<const A extends string, const P extends readonly string[]>(
    axes: A,
    parts: { readonly [K in keyof P]: Validity<Within<P[K], A>> },
  ): Validity<A> {
    return Validity.#joined(axes, parts, 0);
  }

  /** @param unless the bit of a cell of which no part says the opposite */
  static #joined<A extends string>(axes: A, parts: readonly Validity<string>[], unless: 0 | 1): Validity<A> {
    const shape = sharedShape(axes, parts);
    const bits = new Uint8Array(cells(shape)).fill(unless);
    for (const part of parts) {
      const strides = stridesWithin(axes, part);
      visit(shape, strides, (at, offset) => {
        if (part.#bits[offset] !== unless) bits[at] = 1 - unless;
      });
    }
    return new Validity<A>(axes, shape, bits);
  }

  /** How many cells are real. */
  get count(): number {
    return this.#bits.reduce((count, bit) => count + bit, 0);
  }

  /** A copy of the bits, 1 for real. */
  get bits(): Uint8Array {
    return this.#bits.slice();
  }

  /** Whether cell `offset` (row-major) is real. */
  isReal(offset: number): boolean {
    if (offset < 0 || offset >= this.#bits.length)
      throw new RangeError(`Validity: ${describe(this.axes, this.shape)} has no cell ${offset}`);
    return this.#bits[offset] === 1;
  }

  /** The bits as an array that a program takes. */
  toArray(): HostArray<A, "bool"> {
    return new HostArray(this.axes, this.shape, "bool", this.bits);
  }

  encode(): EncodedValidity {
    return { kind: "validity", axes: this.axes, shape: this.shape, bits: this.bits };
  }

  /** @throws TypeError if the value is no encoded validity of these axes */
  static decode<const A extends string>(axes: A, encoded: EncodedValidity): Validity<A> {
    if (encoded?.kind !== "validity" || encoded.axes !== axes || !(encoded.bits instanceof Uint8Array))
      throw new TypeError(
        `Validity.decode: expected an encoded validity of "${axes}", got ${encoded?.kind ?? typeof encoded} of "${encoded?.axes}"`,
      );
    return Validity.of(axes, encoded.shape, encoded.bits);
  }
}

/** Axes and sizes of a validity, on the host or in a program. */
interface Sized {
  readonly axes: string;
  readonly shape: readonly number[];
}

/**
 * Size of each of the axes, as the parts have them.
 *
 * @throws RangeError if parts disagree about a size, or an axis stands in no part
 */
export function sharedShape(axes: string, parts: readonly Sized[]): number[] {
  return letters(axes).map((letter) => sharedSize(axes, letter, parts));
}

function sharedSize(axes: string, letter: string, parts: readonly Sized[]): number {
  const found = parts.flatMap((part) => {
    const own: string[] = letters(part.axes);
    const at = own.indexOf(letter);
    return at < 0 ? [] : [part.shape[at]!];
  });
  const [first] = found;
  if (first === undefined) throw new RangeError(`Validity: no part of "${axes}" has the axis "${letter}"`);
  if (found.some((size) => size !== first))
    throw new RangeError(`Validity: parts of "${axes}" disagree about "${letter}": ${found.join(", ")}`);
  return first;
}

function stridesWithin(axes: string, part: Sized): number[] {
  const own = letters(part.axes);
  return letters(axes).map((letter) => {
    const at = own.indexOf(letter);
    return at < 0 ? 0 : cells(part.shape.slice(at + 1));
  });
}

function visit(shape: readonly number[], strides: readonly number[], see: (at: number, offset: number) => void): void {
  const index = shape.map(() => 0);
  const total = cells(shape);
  for (let at = 0, offset = 0; at < total; at++) {
    see(at, offset);
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      index[axis]!++;
      offset += strides[axis]!;
      if (index[axis]! < shape[axis]!) break;
      offset -= strides[axis]! * shape[axis]!;
      index[axis] = 0;
    }
  }
}
