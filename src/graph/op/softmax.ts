import { apply, type FloatType, type SymbolicArray, show } from "../array.ts";
import { type IsSubsequence, letters } from "../axes.ts";
import { asRows, cellwise, type Operand } from "../cellwise.ts";
import type { OnnxOperator } from "../onnx-form.ts";
import type { Lowering } from "../operation.ts";
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
      const chosen = (operand: Operand, otherwise: number) =>
        cellwise(lowering, { operator: "Where" }, x!, [admitted!, operand, { scalar: lowering.scalar(x!, otherwise) }]);
      // −1e30 alone would give a uniform average over a row that admits nothing.
      const soft = overRows(lowering, "Softmax", chosen(x!, -1e30), x!.shape);
      return [chosen({ whole: soft }, 0)];
    },
    gradient: (given, _, [result]) => [softmaxGradient(asFloat(given), asFloat(result!)), null],
  });
}

/** Softmax over the last axis. */
export function softmax<A extends string, D extends FloatType>(scores: SymbolicArray<A, D>): SymbolicArray<A, D> {
  return apply({ axes: scores.axes, shape: scores.shape, type: scores.type }, [scores], {
    name: "softmax",
    lower: (lowering, [x]) => [overRows(lowering, "Softmax", lowering.value(x!), x!.shape)],
    gradient: (given, _, [result]) => [softmaxGradient(asFloat(given), asFloat(result!))],
  });
}

/** Logarithm of the softmax over the last axis. */
export function logSoftmax<A extends string, D extends FloatType>(scores: SymbolicArray<A, D>): SymbolicArray<A, D> {
  return apply({ axes: scores.axes, shape: scores.shape, type: scores.type }, [scores], {
    name: "logSoftmax",
    lower: (lowering, [x]) => [overRows(lowering, "LogSoftmax", lowering.value(x!), x!.shape)],
    gradient: (given, _, [result]) => {
      const [gradient, logarithm] = [asFloat(given), asFloat(result!)];
      return [subtract(gradient, multiply(exp(logarithm), rowSum(gradient)))];
    },
  });
}

type Any = SymbolicArray<string, FloatType>;

function overRows(lowering: Lowering, operator: OnnxOperator, name: string, shape: readonly number[]): string {
  const rows = asRows(lowering, name, shape);
  return lowering.reshaped(lowering.node(operator, [rows.name], { axis: -1 }), rows.shape, shape);
}

function softmaxGradient(gradient: Any, result: Any): Any {
  return multiply(result, subtract(gradient, rowSum(multiply(gradient, result))));
}

/** Sum over the last axis, repeated along it. */
function rowSum(x: Any): Any {
  const own = letters(x.axes);
  if (own.length === 0) throw new RangeError(`softmax: expected at least one axis, got ${show(x)}`);
  return alignAny(sumAny(x, own.slice(0, -1).join(" ")), x);
}
