import { type Axis, cells, letters } from "./axes.ts";
import { HostArray } from "./host-array.ts";
import { type IntegerMatrix, integerMatrix, largestInteger } from "./integer-matrix.ts";
import type { OnnxOperator } from "./onnx-form.ts";
import type { AnyArray, IntegerWeight, Lowering } from "./operation.ts";
import type { Product, Roles } from "./roles.ts";

/** A product's weight, under the axes that it has there. */
export interface WeightOperand {
  readonly array: AnyArray;
  readonly weight: IntegerWeight;
}

/**
 * A product of activations and a weight, of 8-bit integers: each row of the activations and each column of the weight has its own scale.
 *
 * Sums of integers are exact, and the scale of a row follows from that row alone: so a row's bits depend neither on other rows nor on how
 * many there are.
 *
 * @source onnxruntime ContribOperators.md, `com.microsoft.MatMulIntegerToFloat`; rows by columns as in LLM.int8() (arXiv:2208.07339, § 2.1)
 */
export function writeIntegerProduct(
  { lowering, output, factor }: Product,
  { summed, size }: Pick<Roles, "summed" | "size">,
  activations: AnyArray,
  { array, weight }: WeightOperand,
): string {
  const inOrder = (axes: string, wanted: boolean) =>
    letters(axes).filter((letter) => summed.includes(letter) === wanted);
  const across = inOrder(activations.axes, true);
  const [rows, columns] = [inOrder(activations.axes, false), inOrder(array.axes, false)];
  const count = (axes: readonly Axis[]) => cells(axes.map((letter) => size.get(letter)!));
  const given = rowMajor(lowering, activations, [...rows, ...across], [count(rows), count(across)]);
  const rounded = roundedRows(lowering, given, count(rows));
  const matrix = weightMatrix(lowering, { array, weight }, across, columns);
  const [unit, middle, zero] = [one, middleOfBytes, zeroByte].map((constant) => lowering.constant(constant));
  const sums = lowering.fused(
    "MatMulIntegerToFloat",
    [rounded.cells, matrix.cells, unit!, matrix.scales, middle!, zero!],
    {},
  );
  const scaled = lowering.node("Mul", [sums, rounded.scales]);
  const made = factor === 1 ? scaled : lowering.node("Mul", [scaled, lowering.scalar(activations, factor)]);
  const matrixMade = { name: made, shape: [count(rows), count(columns)], order: [...rows, ...columns] };
  return inOutput(lowering, matrixMade, output, size);
}

const one = new HostArray("", [], "float32", Float32Array.of(1));

/** Activations become bytes from 1 to 255 around this one, which means 0: the runtime's fast products take bytes and signed bytes. */
const middleByte = 128;
const middleOfBytes = new HostArray("", [], "uint8", Uint8Array.of(middleByte));
const zeroByte = new HostArray("", [], "int8", Int8Array.of(0));

/** Keeps the scale of a row of zeros from being 0. */
const smallestScale = 1e-30;

/** Rows as bytes and the scale of each: `[i j]` and `[i 1]`. The scale of a row with a cell that is no number is none. */
function roundedRows(lowering: Lowering, name: string, rows: number) {
  const magnitudes = lowering.node("Abs", [name]);
  const over = (operator: OnnxOperator) =>
    lowering.node(operator, [magnitudes, lowering.integers([1])], { keepdims: 1 });
  const number = (value: number) => lowering.constant(new HostArray("", [], "float32", Float32Array.of(value)));
  const shares = lowering.node("Mul", [over("ReduceMax"), number(1 / largestInteger)]);
  // A largest cell leaves out what is no number, a sum does not.
  const nothing = lowering.node("Mul", [over("ReduceSum"), number(0)]);
  const scales = lowering.node("Sum", [shares, nothing, number(smallestScale)]);
  const middles = lowering.shared(
    `middle bytes ${rows}`,
    () => new HostArray("i", [rows], "uint8", new Uint8Array(rows).fill(middleByte)),
  );
  const flat = lowering.reshaped(scales, [rows, 1], [rows]);
  return { cells: lowering.node("QuantizeLinear", [name, flat, middles], { axis: 0 }), scales };
}

/** The constants of a weight as a matrix with these axes across and along its rows. */
function weightMatrix(
  lowering: Lowering,
  { array, weight }: WeightOperand,
  across: readonly Axis[],
  columns: readonly Axis[],
) {
  const [rowPlaces, columnPlaces] = [placesOf(array, across), placesOf(array, columns)];
  let made: IntegerMatrix | undefined;
  const matrix = () => {
    made ??= integerMatrix(weight.cells(), { rows: rowPlaces, columns: columnPlaces });
    return made;
  };
  const [height, width] = [rowPlaces.length, columnPlaces.length];
  const key = `${weight.name} as integers, ${across.join(" ")} by ${columns.join(" ")}`;
  return {
    cells: lowering.shared(key, () => new HostArray("i j", [height, width], "int8", matrix().cells)),
    scales: lowering.shared(`${key}: scales`, () => new HostArray("j", [width], "float32", matrix().scales)),
  };
}

/** Where the cells of some axes begin in an array that is row-major, those of its other axes at their first place. */
function placesOf({ axes, shape }: AnyArray, some: readonly Axis[]): Int32Array {
  const own = letters(axes);
  let places = Int32Array.of(0);
  for (const letter of some) {
    const at = own.indexOf(letter);
    const step = cells(shape.slice(at + 1));
    const next = new Int32Array(places.length * shape[at]!);
    for (let index = 0; index < next.length; index++)
      next[index] = places[Math.floor(index / shape[at]!)]! + (index % shape[at]!) * step;
    places = next;
  }
  return places;
}

/** An array with its axes in an order, as a matrix. */
function rowMajor(lowering: Lowering, array: AnyArray, order: readonly Axis[], shape: readonly number[]): string {
  const own = letters(array.axes);
  const perm = order.map((letter) => own.indexOf(letter));
  const value = lowering.value(array);
  if (perm.every((from, to) => from === to)) return lowering.reshaped(value, array.shape, shape);
  const sizes = perm.map((at) => array.shape[at]!);
  return lowering.reshaped(lowering.node("Transpose", [value], { perm }), sizes, shape);
}

/** A matrix with the axes of the output, in their order. */
function inOutput(
  lowering: Lowering,
  { name, shape, order }: { readonly name: string; readonly shape: readonly number[]; readonly order: readonly Axis[] },
  output: string,
  size: Roles["size"],
): string {
  const sizes = order.map((letter) => size.get(letter)!);
  const whole = lowering.reshaped(name, shape, sizes);
  const perm = letters(output).map((letter) => order.indexOf(letter));
  return perm.every((from, to) => from === to) ? whole : lowering.node("Transpose", [whole], { perm });
}
