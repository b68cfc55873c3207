import { constant, type SymbolicArray } from "../../graph/array.ts";
import { zeros } from "../../graph/host-array.ts";
import { concat, rename, slice } from "../../graph/op/shape.ts";
import type { Part } from "./form.ts";

/** A part, and what its decoder says of each step: `[b n e]`, one number per slot of the part, in its order. */
export interface Decoded {
  readonly part: Part;
  readonly values: SymbolicArray<"b n e">;
}

/**
 * Each part's numbers in the slots that it has; 0 in slots of no part.
 *
 * @returns `[b t d]`
 */
export function placed(decoded: readonly Decoded[], width: number): SymbolicArray<"b t d"> {
  const [rows, steps] = decoded[0]!.values.shape;
  const pieces = runsOf(decoded, width).map(({ from, start, length }) =>
    from === null
      ? constant(zeros("b n e", [rows!, steps!, length], "float32"))
      : slice(from, "e", start, start + length),
  );
  return rename(rename(concat("e", pieces), "n", "t"), "e", "d");
}

/** Neighbouring slots that are neighbours in one decoder's output as well, or in none. */
interface Run {
  readonly from: SymbolicArray<"b n e"> | null;
  readonly start: number;
  length: number;
}

function runsOf(decoded: readonly Decoded[], width: number): Run[] {
  const runs: Run[] = [];
  for (let slot = 0; slot < width; slot++) {
    const owner = decoded.find(({ part }) => part.slots.includes(slot));
    const from = owner?.values ?? null;
    const start = owner?.part.slots.indexOf(slot) ?? 0;
    const last = runs.at(-1);
    if (last?.from === from && (from === null || last.start + last.length === start)) last.length++;
    else runs.push({ from, start, length: 1 });
  }
  return runs;
}
