import { constant, input, type SymbolicArray, show } from "../graph/array.ts";
import { cells, type IsSubsequence, letters, type Within } from "../graph/axes.ts";
import { type DataType, HostArray } from "../graph/host-array.ts";
import { alignAny } from "../graph/op/align.ts";
import { and, or, selectAny } from "../graph/op/select.ts";
import type { AnyArray, Form } from "../graph/operation.ts";
import type { Validity } from "./validity.ts";

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

  /** A fact that is known when the program is written. */
  static fixed<A extends string>(valid: Validity<A>): SymbolicValidity<A> {
    return new SymbolicValidity(constant(valid.toArray()));
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
    return SymbolicValidity.#joined({ axes, shape, type: "bool" }, parts, (one, other) => and(one, other));
  }

  /** A cell exists where at least one part says so; each part is repeated along the axes it lacks. */
  static some<A extends string, const P extends readonly string[]>(
    axes: A,
    shape: readonly number[],
    parts: { readonly [K in keyof P]: SymbolicValidity<Within<P[K], A>> },
  ): SymbolicValidity<A> {
    return SymbolicValidity.#joined({ axes, shape, type: "bool" }, parts, (one, other) => or(one, other));
  }

  static #joined<A extends string>(
    form: Form<A, "bool">,
    parts: readonly SymbolicValidity<string>[],
    join: (one: SymbolicArray<A, "bool">, other: SymbolicArray<A, "bool">) => SymbolicArray<A, "bool">,
  ): SymbolicValidity<A> {
    const [first, ...rest] = parts.map((part) => alignAny(part.isReal, form));
    if (first === undefined) throw new RangeError(`SymbolicValidity: expected parts of "${form.axes}", got none`);
    return new SymbolicValidity(rest.reduce(join, first));
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

  /** Values that arrive with each batch under a name. The validity lies within their axes, as `PaddedForm` has it. */
  static input<A extends string, D extends DataType, V extends string>(
    name: string,
    { axes, shape, type }: Form<A, D>,
    valid: SymbolicValidity<V>,
  ): SymbolicPadded<A, D, V> {
    const values = input(name, axes, shape, type);
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
