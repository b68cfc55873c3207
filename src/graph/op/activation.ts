import { apply, type FloatType, type SymbolicArray } from "../array.ts";
import { cellwise } from "../cellwise.ts";
import type { AnyArray, Lowering } from "../operation.ts";
import { add, complement, erf, multiply, offset, scale, sigmoid, square, unary } from "./elementwise.ts";
import { selectAny } from "./select.ts";

type Float<A extends string, D extends FloatType> = SymbolicArray<A, D>;

/** `x · sigmoid(x)`, also called swish. */
export function silu<A extends string, D extends FloatType>(x: Float<A, D>): Float<A, D> {
  return multiply(x, sigmoid(x));
}

/** `max(x, 0)`; at 0 it has the gradient 0. */
export function relu<A extends string, D extends FloatType>(x: Float<A, D>): Float<A, D> {
  return unary(
    "relu",
    (lowering, name) => lowering.node("Relu", [name]),
    x,
    (gradient, _, result) => selectAny(isPositive(result), gradient, 0),
  );
}

function isPositive<A extends string>(x: SymbolicArray<A, FloatType>): SymbolicArray<A, "bool"> {
  return apply({ axes: x.axes, shape: x.shape, type: "bool" }, [x], {
    name: "isPositive",
    lower: (lowering, [only]) => [
      cellwise(lowering, { operator: "Greater" }, only!, [only!, { scalar: lowering.scalar(only!, 0) }]),
    ],
    gradient: () => [null],
  });
}

/** Gelu itself: `x Φ(x)`, `Φ` the normal distribution's. @source as `geluTanh` */
export function gelu<A extends string, D extends FloatType>(x: Float<A, D>): Float<A, D> {
  return scale(multiply(x, offset(erf(scale(x, Math.SQRT1_2)), 1)), 0.5);
}

/**
 * Gelu in its tanh approximation, which Gemma and SigLIP use: `x · sigmoid(2u)`, `u = √(2/π) (x + 0.044715 x³)`.
 *
 * @source Hendrycks, Gimpel: Gaussian Error Linear Units (arXiv:1606.08415) § 2
 */
export function geluTanh<A extends string, D extends FloatType>(x: Float<A, D>): Float<A, D> {
  return unary(
    "geluTanh",
    (lowering, name) =>
      x.type === "float32" ? lowering.node("Gelu", [name], { approximate: "tanh" }) : lowerGelu64(lowering, name, x),
    x,
    (gradient, value, result) => {
      const squared = square(value);
      const gate = sigmoid(multiply(value, offset(scale(squared, cubic), linear)));
      const slope = offset(scale(squared, 3 * cubic), linear);
      return multiply(gradient, add(gate, multiply(multiply(result, complement(gate)), slope)));
    },
  );
}

const linear = 2 * Math.sqrt(2 / Math.PI);
const cubic = linear * 0.044715;

/** ONNX Runtime's float64 kernel has float32 constants. */
function lowerGelu64(lowering: Lowering, x: string, like: AnyArray): string {
  const squared = lowering.node("Mul", [x, x]);
  const inner = lowering.node("Add", [
    lowering.node("Mul", [squared, lowering.scalar(like, cubic)]),
    lowering.scalar(like, linear),
  ]);
  return lowering.node("Mul", [x, lowering.node("Sigmoid", [lowering.node("Mul", [x, inner])])]);
}
