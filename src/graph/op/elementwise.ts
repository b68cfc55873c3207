import { apply, expectSame, type FloatType, type SymbolicArray } from "../array.ts";
import { cellwise } from "../cellwise.ts";
import type { OnnxOperator } from "../onnx-form.ts";
import type { AnyArray, Lowering } from "../operation.ts";

type Float<A extends string, D extends FloatType> = SymbolicArray<A, D>;
type Same<A extends string, D extends FloatType> = SymbolicArray<NoInfer<A>, NoInfer<D>>;

/** `x + y`, cell by cell. */
export function add<A extends string, D extends FloatType>(x: Float<A, D>, y: Same<A, D>): Float<A, D> {
  return binary({ name: "add", operator: "Add", gradient: (given) => [given, given] }, x, y);
}

/** `x − y`, cell by cell. */
export function subtract<A extends string, D extends FloatType>(x: Float<A, D>, y: Same<A, D>): Float<A, D> {
  return binary({ name: "subtract", operator: "Sub", gradient: (given) => [given, negate(given)] }, x, y);
}

/** `x · y`, cell by cell. Never with a mask: NaN · 0 is NaN; see `select`. */
export function multiply<A extends string, D extends FloatType>(x: Float<A, D>, y: Same<A, D>): Float<A, D> {
  const gradient: Binary["gradient"] = (given, inputs) => [multiply(given, inputs.y), multiply(given, inputs.x)];
  return binary({ name: "multiply", operator: "Mul", gradient }, x, y);
}

/** `x / y`, cell by cell. */
export function divide<A extends string, D extends FloatType>(x: Float<A, D>, y: Same<A, D>): Float<A, D> {
  const gradient: Binary["gradient"] = (given, inputs, quotient) => {
    const part = divide(given, inputs.y);
    return [part, negate(multiply(part, quotient))];
  };
  return binary({ name: "divide", operator: "Div", gradient }, x, y);
}

/** `−x`. */
export function negate<A extends string, D extends FloatType>(x: Float<A, D>): Float<A, D> {
  return unary(
    "negate",
    (lowering, name) => lowering.node("Neg", [name]),
    x,
    (gradient) => negate(gradient),
  );
}

/** `x`, which nobody upstream learns from. */
export function stopGradient<A extends string, D extends FloatType>(x: Float<A, D>): Float<A, D> {
  return apply(x, [x], {
    name: "stopGradient",
    lower: (lowering, [values]) => [lowering.value(values!)],
    gradient: () => [null],
  });
}

/** `factor · x`. */
export function scale<A extends string, D extends FloatType>(x: Float<A, D>, factor: number): Float<A, D> {
  return unary(
    "scale",
    (lowering, name) => lowering.node("Mul", [name, lowering.scalar(x, factor)]),
    x,
    (gradient) => scale(gradient, factor),
  );
}

/** `x + amount`. */
export function offset<A extends string, D extends FloatType>(x: Float<A, D>, amount: number): Float<A, D> {
  return unary(
    "offset",
    (lowering, name) => lowering.node("Add", [name, lowering.scalar(x, amount)]),
    x,
    (gradient) => gradient,
  );
}

/** `1 − x`. */
export function complement<A extends string, D extends FloatType>(x: Float<A, D>): Float<A, D> {
  return unary(
    "complement",
    (lowering, name) => lowering.node("Sub", [lowering.scalar(x, 1), name]),
    x,
    (gradient) => negate(gradient),
  );
}

/** `x²`. */
export function square<A extends string, D extends FloatType>(x: Float<A, D>): Float<A, D> {
  return unary(
    "square",
    (lowering, name) => lowering.node("Mul", [name, name]),
    x,
    (gradient, value) => multiply(gradient, scale(value, 2)),
  );
}

/** `eˣ`. */
export function exp<A extends string, D extends FloatType>(x: Float<A, D>): Float<A, D> {
  return unary(
    "exp",
    (lowering, name) => lowering.node("Exp", [name]),
    x,
    (gradient, _, result) => multiply(gradient, result),
  );
}

/** Natural logarithm. */
export function log<A extends string, D extends FloatType>(x: Float<A, D>): Float<A, D> {
  return unary(
    "log",
    (lowering, name) => lowering.node("Log", [name]),
    x,
    (gradient, value) => divide(gradient, value),
  );
}

/** Square root. */
export function sqrt<A extends string, D extends FloatType>(x: Float<A, D>): Float<A, D> {
  return unary(
    "sqrt",
    (lowering, name) => lowering.node("Sqrt", [name]),
    x,
    (gradient, _, result) => scale(divide(gradient, result), 0.5),
  );
}

/** Sine. Its bits depend on the length of the array: not for what must be equal across shapes. */
export function sin<A extends string, D extends FloatType>(x: Float<A, D>): Float<A, D> {
  return unary(
    "sin",
    (lowering, name) => lowering.node("Sin", [name]),
    x,
    (gradient, value) => multiply(gradient, cos(value)),
  );
}

/** Cosine. Its bits depend on the length of the array: not for what must be equal across shapes. */
export function cos<A extends string, D extends FloatType>(x: Float<A, D>): Float<A, D> {
  return unary(
    "cos",
    (lowering, name) => lowering.node("Cos", [name]),
    x,
    (gradient, value) => negate(multiply(gradient, sin(value))),
  );
}

/** Hyperbolic tangent. */
export function tanh<A extends string, D extends FloatType>(x: Float<A, D>): Float<A, D> {
  return unary(
    "tanh",
    (lowering, name) => lowering.node("Tanh", [name]),
    x,
    (gradient, _, result) => multiply(gradient, complement(square(result))),
  );
}

/** The error function, `2/√π ∫₀ˣ e^(−t²) dt`. */
export function erf<A extends string, D extends FloatType>(x: Float<A, D>): Float<A, D> {
  return unary(
    "erf",
    (lowering, name) => (x.type === "float32" ? lowering.node("Erf", [name]) : lowerErf64(lowering, name, x)),
    x,
    (gradient, value) => scale(multiply(gradient, exp(negate(square(value)))), 2 / Math.sqrt(Math.PI)),
  );
}

/**
 * ONNX Runtime has no float64 kernel: `2/√π e^(−x²) x (1 + 2x²/3 (1 + 2x²/5 (1 + …)))`, of which so many terms do for |x| up to 6.
 *
 * @source Abramowitz, Stegun: Handbook of Mathematical Functions, 7.1.6
 */
function lowerErf64(lowering: Lowering, x: string, like: AnyArray): string {
  const number = (value: number) => lowering.scalar(like, value);
  const squared = lowering.node("Mul", [x, x]);
  let series = number(1);
  for (let term = 100; term > 0; term--) {
    const share = lowering.node("Mul", [squared, number(2 / (2 * term + 1))]);
    series = lowering.node("Add", [lowering.node("Mul", [share, series]), number(1)]);
  }
  const falling = lowering.node("Exp", [lowering.node("Neg", [squared])]);
  const odd = lowering.node("Mul", [lowering.node("Mul", [x, number(2 / Math.sqrt(Math.PI))]), falling]);
  return lowering.node("Mul", [odd, series]);
}

/** `1 / (1 + e⁻ˣ)`. */
export function sigmoid<A extends string, D extends FloatType>(x: Float<A, D>): Float<A, D> {
  return unary(
    "sigmoid",
    (lowering, name) => lowering.node("Sigmoid", [name]),
    x,
    (gradient, _, result) => multiply(gradient, multiply(result, complement(result))),
  );
}

type AnyFloat = SymbolicArray<string, FloatType>;

/**
 * A gradient or an input of a float op, seen as a float array.
 *
 * @throws TypeError if it is not one, which `apply` has already made impossible
 */
export function asFloat(array: AnyArray): AnyFloat {
  if (isFloat(array)) return array;
  throw new TypeError(`gradient: expected float32 or float64, got ${array.type}`);
}

function isFloat(array: AnyArray): array is AnyFloat {
  return array.type === "float32" || array.type === "float64";
}

/** An op of one float array. */
export function unary<A extends string, D extends FloatType>(
  name: string,
  lower: (lowering: Lowering, name: string) => string,
  x: Float<A, D>,
  gradient: (gradient: AnyFloat, x: AnyFloat, result: AnyFloat) => AnyFloat,
): Float<A, D> {
  return apply({ axes: x.axes, shape: x.shape, type: x.type }, [x], {
    name,
    lower: (lowering, [only]) => {
      const { name: written, shape } = lowering.original(lowering.value(only!), only!.shape);
      return [lowering.reshaped(lower(lowering, written), shape, only!.shape)];
    },
    gradient: (given, [only], [result]) => [gradient(asFloat(given), asFloat(only!), asFloat(result!))],
  });
}

interface Binary {
  readonly name: string;
  readonly operator: OnnxOperator;
  readonly gradient: (
    gradient: AnyFloat,
    inputs: { readonly x: AnyFloat; readonly y: AnyFloat },
    result: AnyFloat,
  ) => readonly [AnyFloat, AnyFloat];
}

function binary<A extends string, D extends FloatType>(
  { name, operator, gradient }: Binary,
  x: Float<A, D>,
  y: Float<A, D>,
): Float<A, D> {
  expectSame(name, x, y);
  return apply({ axes: x.axes, shape: x.shape, type: x.type }, [x, y], {
    name,
    lower: (lowering, [left, right]) => [cellwise(lowering, { operator }, x, [left!, right!])],
    gradient: (given, [left, right], [result]) =>
      gradient(asFloat(given), { x: asFloat(left!), y: asFloat(right!) }, asFloat(result!)),
  });
}
