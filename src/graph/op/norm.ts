import { applyKeeping, type FloatType, type SymbolicArray, show } from "../array.ts";
import { letters } from "../axes.ts";
import { asRows } from "../cellwise.ts";
import type { OnnxOperator } from "../onnx-form.ts";
import type { AnyArray, Form, Lowering } from "../operation.ts";
import { alignAny, sumAny } from "./align.ts";
import { asFloat, multiply, scale, subtract } from "./elementwise.ts";

type Any = SymbolicArray<string, FloatType>;

/**
 * Layer normalisation over the last axis: zero mean, unit variance, then gain and bias of that axis.
 *
 * @param epsilon added to the variance
 */
export function layerNorm<A extends string, W extends string, D extends FloatType>(
  x: SymbolicArray<A, D>,
  gain: SymbolicArray<W, NoInfer<D>>,
  bias: SymbolicArray<W, NoInfer<D>>,
  epsilon: number,
): SymbolicArray<A, D> {
  expectWidth("layerNorm", x, gain);
  expectWidth("layerNorm", x, bias);
  return applyKeeping(pick(x), [rowForm(x), rowForm(x)], [x, gain, bias], {
    name: "layerNorm",
    lower: (lowering, inputs) =>
      x.type === "float64"
        ? lowerLayerNorm64(lowering, inputs, epsilon)
        : lowerNorm32(lowering, { operator: "LayerNormalization", kept: 2, epsilon }, inputs),
    gradient: (given, inputs, outputs) => {
      const [gradient, value, weight] = [asFloat(given), asFloat(inputs[0]!), asFloat(inputs[1]!)];
      const [mean, inverse] = [asFloat(outputs[1]!), asFloat(outputs[2]!)];
      const unit = multiply(subtract(value, alignAny(mean, value)), alignAny(inverse, value));
      const scaled = multiply(gradient, alignAny(weight, value));
      const centred = subtract(scaled, rowMean(scaled));
      return [
        multiply(subtract(centred, multiply(unit, rowMean(multiply(scaled, unit)))), alignAny(inverse, value)),
        sumAny(multiply(gradient, unit), weight.axes),
        sumAny(gradient, weight.axes),
      ];
    },
  });
}

/**
 * Root-mean-square normalisation over the last axis, then the gain: `x / √(mean x² + ε) · gain`.
 *
 * Gemma stores its weight as an offset; the caller adds 1.
 */
export function rmsNorm<A extends string, W extends string, D extends FloatType>(
  x: SymbolicArray<A, D>,
  gain: SymbolicArray<W, NoInfer<D>>,
  epsilon: number,
): SymbolicArray<A, D> {
  expectWidth("rmsNorm", x, gain);
  return applyKeeping(pick(x), [rowForm(x)], [x, gain], {
    name: "rmsNorm",
    lower: (lowering, inputs) =>
      x.type === "float64" ||
      ["webgpu", "standard with gradients", "bfloat16", "cuda in bfloat16"].includes(lowering.operators)
        ? lowerRmsNormBySteps(lowering, inputs[0]!, inputs[1]!, epsilon)
        : lowerNorm32(lowering, { ...rmsOperator(lowering), epsilon }, inputs),
    gradient: (given, inputs, outputs) => {
      const [gradient, value, weight] = [asFloat(given), asFloat(inputs[0]!), asFloat(inputs[1]!)];
      const inverse = alignAny(asFloat(outputs[1]!), value);
      const unit = multiply(value, inverse);
      const scaled = multiply(gradient, alignAny(weight, value));
      return [
        multiply(subtract(scaled, multiply(unit, rowMean(multiply(scaled, unit)))), inverse),
        sumAny(multiply(gradient, unit), weight.axes),
      ];
    },
  });
}

/** The standard's keeps nothing, so that no gradient can be taken where it stands: there it is written by steps. */
function rmsOperator({ operators }: Lowering): { readonly operator: OnnxOperator; readonly kept: number } {
  return operators === "standard"
    ? { operator: "RMSNormalization", kept: 0 }
    : { operator: "SimplifiedLayerNormalization", kept: 1 };
}

/** The runtime's own norm: its result, and what it keeps per row. */
function lowerNorm32(
  lowering: Lowering,
  { operator, kept, epsilon }: { readonly operator: OnnxOperator; readonly kept: number; readonly epsilon: number },
  [x, ...weights]: readonly AnyArray[],
): string[] {
  const rows = asRows(lowering, lowering.value(x!), x!.shape);
  const names = [rows.name, ...weights.map((each) => lowering.value(each))];
  const [result, ...others] = lowering.nodes(operator, names, 1 + kept, { axis: -1, epsilon: { float: epsilon } });
  const perRow = [...rows.shape.slice(0, -1), 1];
  return [
    lowering.reshaped(result!, rows.shape, x!.shape),
    ...others.map((name) => lowering.reshaped(name, perRow, rowForm(x!).shape)),
  ];
}

/** One number per row, without the axis of size 1 that ONNX leaves there. */
function flatRows(lowering: Lowering, x: Form, name: string): string {
  const rows = rowForm(x).shape;
  return lowering.reshaped(name, [...rows, 1], rows);
}

/** ONNX Runtime's own keeps its mean and deviation in float32 whatever the type. */
function lowerLayerNorm64(lowering: Lowering, inputs: readonly AnyArray[], epsilon: number): string[] {
  const x = inputs[0]!;
  const [rows, gain, bias] = inputs.map((each) => lowering.value(each));
  const mean = lowering.node("ReduceMean", [rows!, lowering.integers([-1])]);
  const centred = lowering.node("Sub", [rows!, mean]);
  const { unit, inverse } = lowerUnit64(lowering, x, centred, epsilon);
  const result = lowering.node("Add", [lowering.node("Mul", [unit, gain!]), bias!]);
  return [result, flatRows(lowering, x, mean), flatRows(lowering, x, inverse)];
}

/** As above: the runtime's own gives its root in float32, and by WebGPU something else; OpenVINO does not have it. */
function lowerRmsNormBySteps(lowering: Lowering, x: AnyArray, gain: AnyArray, epsilon: number): string[] {
  const { unit, inverse } = lowerUnit64(lowering, x, lowering.value(x), epsilon);
  return [lowering.node("Mul", [unit, lowering.value(gain)]), flatRows(lowering, x, inverse)];
}

/** Rows divided by `√(mean of squares + ε)`, and one over that root. */
function lowerUnit64(
  lowering: Lowering,
  like: Form,
  rows: string,
  epsilon: number,
): { readonly unit: string; readonly inverse: string } {
  const square = lowering.node("ReduceMean", [lowering.node("Mul", [rows, rows]), lowering.integers([-1])]);
  const root = lowering.node("Sqrt", [lowering.node("Add", [square, lowering.scalar(like, epsilon)])]);
  const inverse = lowering.node("Reciprocal", [root]);
  return { unit: lowering.node("Mul", [rows, inverse]), inverse };
}

function rowMean(x: Any): Any {
  return alignAny(meanOverLast(x), x);
}

/** Mean over the last axis, which is never padded: a width of the network, not of the data. */
function meanOverLast(x: Any): Any {
  return scale(sumAny(x, withoutLast(x)), 1 / (x.shape.at(-1) ?? 1));
}

function pick<A extends string, D extends FloatType>(x: SymbolicArray<A, D>): Form<A, D> {
  return { axes: x.axes, shape: x.shape, type: x.type };
}

function rowForm(x: Form): Form {
  return { axes: withoutLast(x), shape: x.shape.slice(0, -1), type: x.type };
}

function withoutLast(x: Form): string {
  return letters(x.axes).slice(0, -1).join(" ");
}

function expectWidth(where: string, x: Form, weight: Form): void {
  if (weight.axes !== letters(x.axes).at(-1) || weight.shape[0] !== x.shape.at(-1))
    throw new RangeError(`${where}: expected a weight for the last axis of ${show(x)}, got ${show(weight)}`);
  if (weight.type !== x.type)
    throw new TypeError(`${where}: expected arrays of one type, got ${x.type} and ${weight.type}; use cast`);
}
