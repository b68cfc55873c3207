import { type AnyArray, constant, input, type SymbolicArray, show } from "../graph/array.ts";
import { cells, type IsSubsequence, letters, type Within } from "../graph/axes.ts";
import { type DataType, HostArray } from "../graph/host-array.ts";
import { alignAny } from "../graph/op/align.ts";
import { and, selectAny } from "../graph/op/select.ts";

/** `Validity` inside a program: which cells exist, known when the program runs. */
export class SymbolicValidity<A extends string> {
  readonly axes: A;
  readonly isReal: SymbolicArray<A, "bool">;
  declare protected readonly nominal: (axes: A) => A;

  private constructor(isReal: SymbolicArray<A, "bool">) {
    this.axes = isReal.axes;
    this.isReal = isReal;
  }

  /** A fact that arrives with each batch. */
  static input<A extends string>(name: string, axes: A, shape: readonly number[]): SymbolicValidity<A> {
    return new SymbolicValidity(input(name, axes, shape, "bool"));
  }

  /** Says, in writing, that no cell is padding. */
  static complete<A extends string>(axes: A, shape: readonly number[]): SymbolicValidity<A> {
    return new SymbolicValidity(constant(new HostArray(axes, shape, "bool", new Uint8Array(cells(shape)).fill(1))));
  }

  /** A cell exists where every part says so; each part is repeated along the axes it lacks. */
  static every<A extends string, const P extends readonly string[]>(
    axes: A,
    shape: readonly number[],
    parts: { readonly [K in keyof P]: SymbolicValidity<Within<P[K], A>> },
  ): SymbolicValidity<A> {
    const all: readonly SymbolicValidity<string>[] = parts;
    const whole = all.map((part) => alignAny(part.isReal, { axes, shape, type: "bool" }));
    const [first, ...rest] = whole;
    if (first === undefined) throw new RangeError(`SymbolicValidity.every: expected parts of "${axes}", got none`);
    return new SymbolicValidity(rest.reduce((sum, part) => and(sum, part), first));
  }

  /** The same cells after a change of axes that keeps their meaning: merged, split, renamed, joined end to end. */
  reshaped<B extends string>(
    change: (isReal: SymbolicArray<A, "bool">) => SymbolicArray<B, "bool">,
  ): SymbolicValidity<B> {
    return new SymbolicValidity(change(this.isReal));
  }
}

/**
 * `Padded` inside a program: values that cannot be read without their validity.
 *
 * The door is a selection: NaN in an unreal cell goes no further than this.
 */
export class SymbolicPadded<A extends string, D extends DataType = "float32", V extends string = A> {
  readonly #values: SymbolicArray<A, D>;
  readonly valid: SymbolicValidity<V>;

  private constructor(values: SymbolicArray<A, D>, valid: SymbolicValidity<V>) {
    this.#values = values;
    this.valid = valid;
  }

  static of<A extends string, D extends DataType, V extends string>(
    values: SymbolicArray<A, D>,
    valid: SymbolicValidity<V>,
    ..._misfit: IsSubsequence<V, A> extends true ? [] : [validityIsNotWithinTheAxesOfTheValues: never]
  ): SymbolicPadded<A, D, V> {
    expectWithin(values, valid.isReal);
    return new SymbolicPadded(values, valid);
  }

  /** The values, with a constant in every unreal cell. */
  selected(otherwise: number): SymbolicArray<A, D> {
    return selectAny(this.valid.isReal, this.#values, otherwise);
  }

  /** The other door: the reader is handed both. */
  read<R>(reader: (values: SymbolicArray<A, D>, valid: SymbolicValidity<V>) => R): R {
    return reader(this.#values, this.valid);
  }
}

function expectWithin(values: AnyArray, valid: AnyArray): void {
  const own = letters(values.axes);
  for (const [at, letter] of letters(valid.axes).entries())
    if (values.shape[own.indexOf(letter)] !== valid.shape[at])
      throw new RangeError(`SymbolicPadded: values are ${show(values)}, validity is ${show(valid)}`);
}
