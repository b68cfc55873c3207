import { alignAny } from "../graph/op/align.ts";
import { merge, slice, transpose } from "../graph/op/shape.ts";
import type { SymbolicValidity } from "../validity/symbolic.ts";

/**
 * Which patches exist inside the image tower: all those of a picture that does.
 *
 * @param slots whose pictures: every observation slot's, or those of now
 * @returns `[b n]`, rows by slot, sample and view as the tower has them
 */
export function realPatches(
  real: SymbolicValidity<"b o v">,
  slots: "all" | "now",
  patches: number,
): SymbolicValidity<"b n"> {
  return real.reshaped((bits) => {
    const [b = 0, o = 0, v = 0] = bits.shape;
    const kept = slots === "now" ? slice(bits, "o", o - 1, o) : bits;
    const rows = merge(transpose(kept, "o b v"), "o b v", "b");
    return alignAny(rows, {
      axes: "b n",
      shape: [slots === "now" ? b * v : o * b * v, patches],
      type: "bool",
    } as const);
  });
}
