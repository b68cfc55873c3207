import { describe, type IsSubsequence, letters } from "../graph/axes.ts";
import { allocate, type DataType, HostArray, type Storage } from "../graph/host-array.ts";
import { type EncodedValidity, Validity } from "./validity.ts";

/** A padded array as plain data, for the border between workers. */
export interface EncodedPadded {
  readonly kind: "padded";
  readonly axes: string;
  readonly shape: readonly number[];
  readonly type: DataType;
  readonly cells: Storage<DataType>;
  readonly valid: EncodedValidity;
}

/** Axes and type of padded values, and the axes by which they are real. */
export interface PaddedForm<A extends string, D extends DataType, V extends string> {
  readonly axes: A;
  readonly type: D;
  readonly realBy: V;
}

/**
 * Values that cannot be read without their validity.
 *
 * The validity may lack trailing or inner axes along which cells are real or unreal together:
 * images `[b o v h w c]` are real by `[b o v]`.
 */
export class Padded<A extends string, D extends DataType = "float32", V extends string = A> {
  readonly #values: HostArray<A, D>;
  readonly valid: Validity<V>;

  private constructor(values: HostArray<A, D>, valid: Validity<V>) {
    this.#values = values;
    this.valid = valid;
  }

  /**
   * Values and what is real of them. A validity of other axes, or of another order, does not compile.
   *
   * @throws RangeError if values and validity differ in a size
   */
  static of<A extends string, D extends DataType, V extends string>(
    values: HostArray<A, D>,
    valid: Validity<V>,
    ..._misfit: IsSubsequence<V, A> extends true ? [] : [validityIsNotWithinTheAxesOfTheValues: never]
  ): Padded<A, D, V> {
    return Padded.#checked(values, valid);
  }

  static #checked<A extends string, D extends DataType, V extends string>(
    values: HostArray<A, D>,
    valid: Validity<V>,
  ): Padded<A, D, V> {
    const own = letters(values.axes);
    for (const [at, letter] of letters(valid.axes).entries()) {
      const size = values.shape[own.indexOf(letter)];
      if (size !== valid.shape[at])
        throw new RangeError(
          `Padded: values are ${describe(values.axes, values.shape)}, validity is ${describe(valid.axes, valid.shape)}`,
        );
    }
    return new Padded(values, valid);
  }

  /** The one door to the numbers: the reader is handed both. */
  read<R>(reader: (values: HostArray<A, D>, valid: Validity<V>) => R): R {
    return reader(this.#values, this.valid);
  }

  /** Other values and another validity, of the same axes and type. */
  changed(
    change: (values: HostArray<A, D>, valid: Validity<V>) => readonly [values: HostArray<A, D>, valid: Validity<V>],
  ): Padded<A, D, V> {
    return Padded.#checked(...change(this.#values, this.valid));
  }

  /** The cells are not copied. */
  encode(): EncodedPadded {
    const { axes, shape, type, cells } = this.#values;
    return { kind: "padded", axes, shape, type, cells, valid: this.valid.encode() };
  }

  /** @throws TypeError if the value is no encoded padded array of this form */
  static decode<A extends string, D extends DataType, V extends string>(
    { axes, type, realBy }: PaddedForm<A, D, V>,
    encoded: EncodedPadded,
  ): Padded<A, D, V> {
    const { kind, shape, cells, valid } = encoded;
    if (kind !== "padded" || encoded.axes !== axes || encoded.type !== type)
      throw new TypeError(`Padded.decode: expected ${type} [${axes}], got ${kind} ${encoded.type} [${encoded.axes}]`);
    const storage = allocate(type, 0);
    if (!isStorageLike(cells, storage)) throw new TypeError(`Padded.decode: expected cells of ${type} for [${axes}]`);
    return Padded.#checked(new HostArray(axes, shape, type, cells), Validity.decode(realBy, valid));
  }
}

function isStorageLike<D extends DataType>(cells: unknown, like: Storage<D>): cells is Storage<D> {
  return cells instanceof like.constructor;
}
