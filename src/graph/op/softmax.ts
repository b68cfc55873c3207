import { apply, type FloatType, type SymbolicArray, show } from "../array.ts";
import { type IsSubsequence, letters } from "../axes.ts";
import { alignAny, sumAny } from "./align.ts";
import { asFloat, exp, multiply, subtract } from "./elementwise.ts";

/**
 * Softmax over the last axis, over the cells that `mask` admits; a row that admits none is exactly zero.
 *
 * The backward rule takes the masked result: cells that were not admitted receive a gradient of exactly 0.
 */
export function maskedSoftmax<A extends string, D extends FloatType, V extends string>(
  scores: SymbolicArray<A, D>,
  mask: SymbolicArray<V, "bool">,
  ..._misfit: IsSubsequence<V, A> extends true ? [] : [axesOfTheMaskAreNotWithinThoseOfTheScores: never]
): SymbolicArray<A, D> {
  const whole = alignAny(mask, scores);
  return apply({ axes: scores.axes, shape: scores.shape, type: scores.type }, [scores, whole], {
    name: "maskedSoftmax",
    lower: (lowering, [x, admitted]) => {
      const may = lowering.thin(admitted!);
      // −1e30 alone would give a uniform average over a row that admits nothing.
      const masked = lowering.node("Where", [may, lowering.value(x!), lowering.scalar(x!, -1e30)]);
      const soft = lowering.node("Softmax", [masked], { axis: -1 });
      return [lowering.node("Where", [may, soft, lowering.scalar(x!, 0)])];
    },
    gradient: (given, _, [result]) => [softmaxGradient(asFloat(given), asFloat(result!)), null],
  });
}

/** Softmax over the last axis. */
export function softmax<A extends string, D extends FloatType>(scores: SymbolicArray<A, D>): SymbolicArray<A, D> {
  return apply({ axes: scores.axes, shape: scores.shape, type: scores.type }, [scores], {
    name: "softmax",
    lower: (lowering, [x]) => [lowering.node("Softmax", [lowering.value(x!)], { axis: -1 })],
    gradient: (given, _, [result]) => [softmaxGradient(asFloat(given), asFloat(result!))],
  });
}

/** Logarithm of the softmax over the last axis. */
export function logSoftmax<A extends string, D extends FloatType>(scores: SymbolicArray<A, D>): SymbolicArray<A, D> {
  return apply({ axes: scores.axes, shape: scores.shape, type: scores.type }, [scores], {
    name: "logSoftmax",
    lower: (lowering, [x]) => [lowering.node("LogSoftmax", [lowering.value(x!)], { axis: -1 })],
    gradient: (given, _, [result]) => {
      const [gradient, logarithm] = [asFloat(given), asFloat(result!)];
      return [subtract(gradient, multiply(exp(logarithm), rowSum(gradient)))];
    },
  });
}

type Any = SymbolicArray<string, FloatType>;

function softmaxGradient(gradient: Any, result: Any): Any {
  return multiply(result, subtract(gradient, rowSum(multiply(gradient, result))));
}

/** Sum over the last axis, repeated along it. */
function rowSum(x: Any): Any {
  const own = letters(x.axes);
  if (own.length === 0) throw new RangeError(`softmax: expected at least one axis, got ${show(x)}`);
  return alignAny(sumAny(x, own.slice(0, -1).join(" ")), x);
}
