import { apply, type FloatType, type SymbolicArray, show } from "../array.ts";
import { letters } from "../axes.ts";

/**
 * Place of the largest cell along the last axis, the first of equal ones: of `[b y]` one `[b]`. Carries no gradient.
 *
 * @throws RangeError if `axes` are not those of the array without the last
 */
export function largest<O extends string>(x: SymbolicArray<string, FloatType>, axes: O): SymbolicArray<O, "int32"> {
  if (letters(x.axes).slice(0, -1).join(" ") !== axes || x.axes === "")
    throw new RangeError(`largest: expected the axes of ${show(x)} without the last, got "${axes}"`);
  return apply({ axes, shape: x.shape.slice(0, -1), type: "int32" }, [x], {
    name: "largest",
    lower: (lowering, [values]) => {
      const place = lowering.node("ArgMax", [lowering.value(values!)], { axis: -1, keepdims: 0 });
      return [lowering.node("Cast", [place], { to: 6 })];
    },
    gradient: () => [null],
  });
}
