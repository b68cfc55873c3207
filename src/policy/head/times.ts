import { type SymbolicArray, sizeOf } from "../../graph/array.ts";
import { alignTo } from "../../graph/op/align.ts";
import { concat, merge, rename, slice } from "../../graph/op/shape.ts";

/** The time of a sample all of whose steps stand at one: its first step's. */
export function timeOfAll(times: SymbolicArray<"b t e">): SymbolicArray<"b e"> {
  return merge(slice(times, "t", 0, 1), "t e", "e");
}

/**
 * The time of each of so many tokens, of which the last stand for action steps: their own, and of those before them the last step's.
 *
 * The last step is never given, so it stands where the flow does.
 */
export function timesOfTokens(times: SymbolicArray<"b t e">, tokens: number): SymbolicArray<"b n e"> {
  const [rows, steps, width] = [sizeOf(times, "b"), sizeOf(times, "t"), sizeOf(times, "e")];
  const own = rename(times, "t", "n");
  if (tokens === steps) return own;
  const last = merge(slice(times, "t", steps - 1, steps), "t e", "e");
  const before = { axes: "b n e", shape: [rows, tokens - steps, width], type: "float32" } as const;
  return concat("n", [alignTo(last, before), own]);
}
