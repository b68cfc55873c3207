import { constant, type SymbolicArray } from "../graph/array.ts";
import { HostArray } from "../graph/host-array.ts";
import { sum } from "../graph/op/align.ts";
import { add, divide, sqrt, square } from "../graph/op/elementwise.ts";
import { lessOrEqual, where } from "../graph/op/select.ts";

/** The global norm of all gradients, and the factor that brings it down to `largest`. */
export interface Clipping {
  readonly norm: SymbolicArray<"">;
  readonly factor: SymbolicArray<"">;
}

/**
 * Clipping by the global L2 norm: 1 where it is at most `largest`, else `largest / norm`.
 *
 * The gradients are those of the whole global batch: clipping parts would clip each by its own norm.
 *
 * @throws RangeError without any gradient
 * @source Pascanu et al. (arXiv:1211.5063); optax `clip_by_global_norm`
 */
export function clipByGlobalNorm(gradients: readonly SymbolicArray<string>[], largest: number): Clipping {
  const squares = gradients.map((gradient) => sumOfSquares(gradient));
  const [first, ...rest] = squares;
  if (first === undefined) throw new RangeError("clipByGlobalNorm: expected at least one gradient, got none");
  const norm = sqrt(rest.reduce((total, part) => add(total, part), first));
  const limit = scalar(largest);
  return { norm, factor: where(lessOrEqual(norm, limit), scalar(1), divide(limit, norm)) };
}

function sumOfSquares(gradient: SymbolicArray<string>): SymbolicArray<""> {
  return sum<string, "float32", "">(square(gradient), "");
}

function scalar(value: number): SymbolicArray<""> {
  return constant(new HostArray("", [], "float32", Float32Array.of(value)));
}
