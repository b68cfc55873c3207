import { type Axis, letters, type Within } from "../graph/axes.ts";
import { SymbolicValidity } from "./symbolic.ts";
import { sharedShape, Validity } from "./validity.ts";

/** A validity on the host, where it has its bits, and in a program, which gets them when it runs. */
export interface ValidityOn<A extends string> {
  readonly host: Validity<A>;
  readonly program: SymbolicValidity<A>;
}

export type Side = keyof ValidityOn<string>;

/** Validities of one side whose axes lie within `A`, in its order. */
type Parts<S extends Side, A extends string, P extends readonly string[]> = {
  readonly [K in keyof P]: ValidityOn<Within<P[K], A>>[S];
};

/** How validities of one side are joined. A rule that takes this holds on both sides, and is written once. */
export interface Joining<S extends Side> {
  /** A cell exists where every part says so; each part is repeated along the axes it lacks. */
  every<A extends string, const P extends readonly string[]>(axes: A, parts: Parts<S, A, P>): ValidityOn<A>[S];
  /** A cell exists where at least one part says so; each part is repeated along the axes it lacks. */
  some<A extends string, const P extends readonly string[]>(axes: A, parts: Parts<S, A, P>): ValidityOn<A>[S];
  /** The last place along an axis of a validity. */
  last<L extends Axis, A extends string>(axis: L, of: ValidityOn<A>[S]): ValidityOn<L>[S];
}

export const onHost: Joining<"host"> = {
  every: (axes, parts) => Validity.every(axes, parts),
  some: (axes, parts) => Validity.some(axes, parts),
  last: (axis, of) => lastOf(axis, of),
};

export const inProgram: Joining<"program"> = {
  every: (axes, parts) => SymbolicValidity.every(axes, shapeOf(axes, parts), parts),
  some: (axes, parts) => SymbolicValidity.some(axes, shapeOf(axes, parts), parts),
  last: (axis, of) => SymbolicValidity.fixed(lastOf(axis, of.isReal)),
};

function shapeOf(axes: string, parts: readonly SymbolicValidity<string>[]): number[] {
  return sharedShape(
    axes,
    parts.map(({ isReal }) => isReal),
  );
}

/** @throws RangeError if the array lacks the axis */
function lastOf<L extends Axis>(
  axis: L,
  { axes, shape }: { readonly axes: string; readonly shape: readonly number[] },
): Validity<L> {
  const size = shape[letters(axes).indexOf(axis)];
  if (size === undefined) throw new RangeError(`last: expected an axis "${axis}", got "${axes}"`);
  return Validity.of(
    axis,
    [size],
    Uint8Array.from({ length: size }, (_, at) => (at === size - 1 ? 1 : 0)),
  );
}
