import { type AnyArray, apply, type FloatType, type SymbolicArray } from "../array.ts";
import { cellwise } from "../cellwise.ts";
import type { Lowering } from "../lowering.ts";
import { add, complement, exp, multiply, negate, offset, scale, sigmoid, square, unary } from "./elementwise.ts";
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

/** `x · Φ(x)` with the normal distribution's own Φ. */
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

/** The error function. */
export function erf<A extends string, D extends FloatType>(x: Float<A, D>): Float<A, D> {
  return unary(
    "erf",
    (lowering, name) => (x.type === "float32" ? lowering.node("Erf", [name]) : lowerErf64(lowering, name, x)),
    x,
    (gradient, value) => multiply(gradient, scale(exp(negate(square(value))), 2 / Math.sqrt(Math.PI))),
  );
}

/**
 * `erf x = (2/√π) e^(−x²) Σ 2ⁿ x^(2n+1) / (2n+1)!!`, all terms of one sign: ONNX Runtime has no float64 kernel.
 *
 * Cut to |x| ≤ 5, beyond which float64 rounds to ±1 within 2e-12.
 *
 * @source Abramowitz, Stegun: Handbook of Mathematical Functions, 7.1.6
 */
function lowerErf64(lowering: Lowering, x: string, like: AnyArray): string {
  const bound = lowering.node("Clip", [x, lowering.scalar(like, -5), lowering.scalar(like, 5)]);
  const squared = lowering.node("Mul", [bound, bound]);
  const terms = 100;
  let series = lowering.node("Add", [
    lowering.node("Mul", [squared, lowering.scalar(like, 0)]),
    lowering.scalar(like, 1),
  ]);
  for (let n = terms; n >= 1; n--) {
    const next = lowering.node("Mul", [
      lowering.node("Mul", [squared, lowering.scalar(like, 2 / (2 * n + 1))]),
      series,
    ]);
    series = lowering.node("Add", [next, lowering.scalar(like, 1)]);
  }
  const bell = lowering.node("Exp", [lowering.node("Neg", [squared])]);
  const scaled = lowering.node("Mul", [bound, lowering.scalar(like, 2 / Math.sqrt(Math.PI))]);
  return lowering.node("Mul", [lowering.node("Mul", [scaled, bell]), series]);
}
