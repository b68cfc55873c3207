import { apply, type FloatType, type SymbolicArray } from "../array.ts";

/** Of each row along the last axis the sums up to each cell, that cell among them. Carries no gradient. */
export function cumulative<A extends string, D extends FloatType>(x: SymbolicArray<A, D>): SymbolicArray<A, D> {
  return apply({ axes: x.axes, shape: x.shape, type: x.type }, [x], {
    name: "cumulative",
    lower: (lowering, [values]) => [
      lowering.node("CumSum", [lowering.value(values!), lowering.integer(x.shape.length - 1)]),
    ],
    gradient: () => [null],
  });
}
