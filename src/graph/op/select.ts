import { apply, expectSame, type FloatType, type SymbolicArray, show } from "../array.ts";
import type { IsSubsequence } from "../axes.ts";
import { cellwise } from "../cellwise.ts";
import type { DataType } from "../host-array.ts";
import { elementType } from "../onnx.ts";
import type { OnnxOperator } from "../onnx-form.ts";
import type { AnyArray, Lowering } from "../operation.ts";
import { alignAny } from "./align.ts";
import { asFloat } from "./elementwise.ts";

type Mask<A extends string> = SymbolicArray<A, "bool">;

/**
 * The array where `mask` is true, the constant elsewhere, for a mask over all or some of its axes.
 *
 * Selection, not multiplication: NaN behind a false cell reaches neither the result nor a gradient.
 */
export function select<V extends string, A extends string, D extends DataType>(
  mask: Mask<V>,
  array: SymbolicArray<A, D>,
  otherwise: number,
  ..._misfit: IsSubsequence<V, A> extends true ? [] : [axesOfTheMaskAreNotWithinThoseOfTheArray: never]
): SymbolicArray<A, D> {
  return selectAny(mask, array, otherwise);
}

/**
 * `select` where the axes are known only at run time.
 *
 * @throws RangeError if the mask is not within the array's axes; TypeError for truth values
 */
export function selectAny<A extends string, D extends DataType>(
  mask: Mask<string>,
  array: SymbolicArray<A, D>,
  otherwise: number,
): SymbolicArray<A, D> {
  if (array.type === "bool") throw new TypeError("select: expected numbers, got bool; use and, or");
  const whole = alignAny(mask, array);
  return apply({ axes: array.axes, shape: array.shape, type: array.type }, [whole, array], {
    name: "select",
    lower: (lowering, [real, x]) => [
      cellwise(lowering, { operator: "Where" }, x!, [real!, x!, { scalar: lowering.scalar(x!, otherwise) }]),
    ],
    gradient: (given, [real]) => [null, selectAny(asMask(real!), given, 0)],
  });
}

/**
 * `x` where the mask is true, `y` elsewhere; all three of equal axes.
 *
 * @throws RangeError if axes or sizes differ: nothing is repeated in silence
 */
export function where<A extends string, D extends FloatType>(
  mask: Mask<A>,
  x: SymbolicArray<NoInfer<A>, D>,
  y: SymbolicArray<NoInfer<A>, NoInfer<D>>,
): SymbolicArray<A, D> {
  expectSame("where", x, y);
  if (mask.axes !== x.axes || mask.shape.join() !== x.shape.join())
    throw new RangeError(`where: expected a mask of ${show(x)}, got ${show(mask)}; use alignTo`);
  return apply({ axes: mask.axes, shape: x.shape, type: x.type }, [mask, x, y], {
    name: "where",
    lower: (lowering, [real, left, right]) => [
      cellwise(lowering, { operator: "Where" }, left!, [real!, left!, right!]),
    ],
    gradient: (given, [real]) => [
      null,
      selectAny(asMask(real!), asFloat(given), 0),
      selectAny(not(asMask(real!)), asFloat(given), 0),
    ],
  });
}

/** True where both are. */
export function and<A extends string>(x: Mask<A>, y: Mask<NoInfer<A>>): Mask<A> {
  expectSame("and", x, y);
  return apply({ axes: x.axes, shape: x.shape, type: "bool" }, [x, y], {
    name: "and",
    lower: (lowering, [left, right]) => [
      lowering.operators === "webgpu"
        ? lowerAndAsProduct(lowering, left!, right!)
        : cellwise(lowering, { operator: "And" }, left!, [left!, right!]),
    ],
    gradient: () => [null, null],
  });
}

/** True where one of them is. */
export function or<A extends string>(x: Mask<A>, y: Mask<NoInfer<A>>): Mask<A> {
  return logical("or", "Or", x, y);
}

/** True where `x` is false. */
export function not<A extends string>(x: Mask<A>): Mask<A> {
  return apply({ axes: x.axes, shape: x.shape, type: "bool" }, [x], {
    name: "not",
    lower: (lowering, [only]) => [cellwise(lowering, { operator: "Not" }, only!, [only!])],
    gradient: () => [null],
  });
}

/** `x = y`, cell by cell. */
export function equal<A extends string, D extends DataType>(
  x: SymbolicArray<A, D>,
  y: SymbolicArray<NoInfer<A>, NoInfer<D>>,
): Mask<A> {
  return logical("equal", "Equal", x, y);
}

/** `x < y`, cell by cell. */
export function less<A extends string, D extends Exclude<DataType, "bool">>(
  x: SymbolicArray<A, D>,
  y: SymbolicArray<NoInfer<A>, NoInfer<D>>,
): Mask<A> {
  return logical("less", "Less", x, y);
}

/** `x ≤ y`, cell by cell. */
export function lessOrEqual<A extends string, D extends Exclude<DataType, "bool">>(
  x: SymbolicArray<A, D>,
  y: SymbolicArray<NoInfer<A>, NoInfer<D>>,
): Mask<A> {
  return logical("lessOrEqual", "LessOrEqual", x, y);
}

/** The cells in another type. Floats keep their gradient. */
export function cast<A extends string, D extends DataType>(
  x: SymbolicArray<A, DataType>,
  type: D,
): SymbolicArray<A, D> {
  return apply({ axes: x.axes, shape: x.shape, type }, [x], {
    name: "cast",
    lower: (lowering, [only]) => [
      cellwise(lowering, { operator: "Cast", attributes: { to: elementType[type] } }, only!, [only!]),
    ],
    gradient: (given, [only]) => [
      only!.type === "float32" || only!.type === "float64" ? cast(given, only!.type) : null,
    ],
  });
}

/** By WebGPU, bytes that are repeated along the last axis have been taken from other places. */
function lowerAndAsProduct(lowering: Lowering, left: AnyArray, right: AnyArray): string {
  const [x, y] = [left, right].map((each) => lowering.node("Cast", [lowering.thin(each)], { to: elementType.float32 }));
  const product = lowering.node("Mul", [x!, y!]);
  const whole = lowering.node("Expand", [product, lowering.integers(left.shape)]);
  return lowering.node("Cast", [whole], { to: elementType.bool });
}

function logical<A extends string>(
  name: string,
  operator: OnnxOperator,
  x: AnyArray & { axes: A },
  y: AnyArray,
): Mask<A> {
  expectSame(name, x, y);
  return apply({ axes: x.axes, shape: x.shape, type: "bool" }, [x, y], {
    name,
    lower: (lowering, [left, right]) => [cellwise(lowering, { operator }, left!, [left!, right!])],
    gradient: () => [null, null],
  });
}

function asMask(array: AnyArray): Mask<string> {
  if (isMask(array)) return array;
  throw new TypeError(`select: expected a bool array, got ${array.type}`);
}

function isMask(array: AnyArray): array is Mask<string> {
  return array.type === "bool";
}
