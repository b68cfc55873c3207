import { apply, type SymbolicArray, show } from "../array.ts";
import { cells, letters } from "../axes.ts";
import type { DataType } from "../host-array.ts";
import type { AnyArray } from "../operation.ts";

/** `A` with the letters `From` (one after the other) replaced by `To`. */
export type Replace<
  A extends string,
  From extends string,
  To extends string,
> = A extends `${infer Head}${From}${infer Tail}` ? `${Head}${To}${Tail}` : never;

/**
 * The same cells with the axes in another order.
 *
 * @throws RangeError if `order` has other letters than the array
 */
export function transpose<A extends string, D extends DataType, O extends string>(
  array: SymbolicArray<A, D>,
  order: O,
): SymbolicArray<O, D> {
  const own = letters(array.axes);
  const wanted = letters(order);
  if (own.length !== wanted.length || wanted.some((letter) => !own.includes(letter)))
    throw new RangeError(`transpose: expected the axes of ${show(array)} in another order, got "${order}"`);
  const permutation = wanted.map((letter) => own.indexOf(letter));
  const shape = permutation.map((at) => array.shape[at]!);
  return apply({ axes: order, shape, type: array.type }, [array], {
    name: "transpose",
    lower: (lowering, [x]) => [lowering.node("Transpose", [lowering.value(x!)], { perm: permutation })],
    gradient: (given) => [transpose(given, array.axes)],
  });
}

/** Neighbouring axes as one: `merge(x, "v p", "n")` makes `b v p e` into `b n e`. */
export function merge<A extends string, D extends DataType, const From extends string, const To extends string>(
  array: SymbolicArray<A, D>,
  from: From,
  to: To,
): SymbolicArray<Replace<A, From, To>, D> {
  const parts = letters(from);
  const at = positionOf("merge", array, from);
  const size = cells(array.shape.slice(at, at + parts.length));
  return reshape("merge", array, replace(array.axes, from, to), [
    ...array.shape.slice(0, at),
    size,
    ...array.shape.slice(at + parts.length),
  ]);
}

/**
 * One axis as several: `split(x, "n", "v p", [2, 36])` makes `b n e` into `b v p e`.
 *
 * @throws RangeError if the array lacks the axis, or the sizes do not multiply to its size
 */
export function split<A extends string, D extends DataType, const From extends string, const To extends string>(
  array: SymbolicArray<A, D>,
  from: From,
  to: To,
  sizes: readonly number[],
): SymbolicArray<Replace<A, From, To>, D> {
  const at = positionOf("split", array, from);
  const areNatural = sizes.every((size) => Number.isInteger(size) && size >= 0);
  if (!areNatural || sizes.length !== letters(to).length || cells(sizes) !== array.shape[at])
    throw new RangeError(
      `split: expected sizes of "${to}" with the product ${array.shape[at]}, got [${sizes.join(", ")}]`,
    );
  return reshape("split", array, replace(array.axes, from, to), [
    ...array.shape.slice(0, at),
    ...sizes,
    ...array.shape.slice(at + 1),
  ]);
}

/** The same array with one axis under another letter. */
export function rename<A extends string, D extends DataType, const From extends string, const To extends string>(
  array: SymbolicArray<A, D>,
  from: From,
  to: To,
): SymbolicArray<Replace<A, From, To>, D> {
  positionOf("rename", array, from);
  return reshape("rename", array, replace(array.axes, from, to), array.shape);
}

/**
 * Arrays laid end to end along one axis.
 *
 * @throws RangeError if there is none, or they differ beside the axis; TypeError if their types differ
 */
export function concat<A extends string, D extends DataType>(
  axis: string,
  arrays: readonly SymbolicArray<A, D>[],
): SymbolicArray<A, D> {
  const [first] = arrays;
  if (first === undefined) throw new RangeError("concat: expected at least one array, got none");
  const at = positionOf("concat", first, axis);
  for (const array of arrays) {
    if (array.type !== first.type)
      throw new TypeError(`concat: expected arrays of one type, got ${first.type} and ${array.type}; use cast`);
    if (array.axes !== first.axes || array.shape.some((size, place) => place !== at && size !== first.shape[place]))
      throw new RangeError(`concat along "${axis}": ${show(first)} and ${show(array)} differ beside it`);
  }
  const lengths = arrays.map((array) => array.shape[at]!);
  const shape = first.shape.map((size, place) => (place === at ? lengths.reduce((a, b) => a + b, 0) : size));
  return apply({ axes: first.axes, shape, type: first.type }, arrays, {
    name: "concat",
    lower: (lowering, inputs) => [
      lowering.node(
        "Concat",
        inputs.map((x) => lowering.value(x)),
        { axis: at },
      ),
    ],
    gradient: (given) => {
      let end = 0;
      return lengths.map((length) => {
        end += length;
        return slice(given, axis, end - length, end);
      });
    },
  });
}

/**
 * Cells `start` to `end` (exclusive) of one axis.
 *
 * @throws RangeError if the array lacks the axis, or the cells are none of its
 */
export function slice<A extends string, D extends DataType>(
  array: SymbolicArray<A, D>,
  axis: string,
  start: number,
  end: number,
): SymbolicArray<A, D> {
  const at = positionOf("slice", array, axis);
  const size = array.shape[at]!;
  if (start < 0 || end > size || start >= end)
    throw new RangeError(`slice along "${axis}": expected 0 ≤ start < end ≤ ${size}, got ${start} and ${end}`);
  if (start === 0 && end === size) return array;
  const shape = array.shape.map((own, place) => (place === at ? end - start : own));
  return apply({ axes: array.axes, shape, type: array.type }, [array], {
    name: "slice",
    lower: (lowering, [x]) => [
      lowering.node("Slice", [
        lowering.value(x!),
        lowering.integers([start]),
        lowering.integers([end]),
        lowering.integers([at]),
      ]),
    ],
    gradient: (given) => [pad(given, axis, start, size - end)],
  });
}

/**
 * Zeros put before and after along one axis.
 *
 * @throws RangeError if the array lacks the axis, or a number is below 0
 */
export function pad<A extends string, D extends DataType>(
  array: SymbolicArray<A, D>,
  axis: string,
  before: number,
  after: number,
): SymbolicArray<A, D> {
  const at = positionOf("pad", array, axis);
  const size = array.shape[at]!;
  if (before < 0 || after < 0)
    throw new RangeError(`pad along "${axis}": expected natural numbers, got ${before} and ${after}`);
  const shape = array.shape.map((own, place) => (place === at ? before + own + after : own));
  return apply({ axes: array.axes, shape, type: array.type }, [array], {
    name: "pad",
    lower: (lowering, [x]) => [
      lowering.node("Pad", [
        lowering.value(x!),
        lowering.integers([before, after]),
        lowering.scalar(x!, 0),
        lowering.integers([at]),
      ]),
    ],
    gradient: (given) => [slice(given, axis, before, before + size)],
  });
}

/** The array seen with another shape; cells keep their order. */
function reshape<O extends string, D extends DataType>(
  name: string,
  array: SymbolicArray<string, D>,
  axes: O,
  shape: readonly number[],
): SymbolicArray<O, D> {
  return apply({ axes, shape, type: array.type }, [array], {
    name,
    lower: (lowering, [x]) => [lowering.reshaped(lowering.value(x!), x!.shape, shape)],
    gradient: (given) => [reshape(name, given, array.axes, array.shape)],
  });
}

function positionOf(where: string, array: AnyArray, part: string): number {
  const own: string[] = letters(array.axes);
  const wanted = part.split(" ");
  const at = own.indexOf(wanted[0] ?? "");
  if (at < 0 || wanted.some((letter, place) => own[at + place] !== letter))
    throw new RangeError(`${where}: expected axes "${part}" side by side, got ${show(array)}`);
  return at;
}

function replace<A extends string, From extends string, To extends string>(
  axes: A,
  from: From,
  to: To,
): Replace<A, From, To>;
function replace(axes: string, from: string, to: string): string {
  return axes.replace(from, to);
}
