import { constant, type SymbolicArray } from "../graph/array.ts";
import { HostArray } from "../graph/host-array.ts";
import { gather } from "../graph/op/gather.ts";
import { or } from "../graph/op/select.ts";
import { concat, slice } from "../graph/op/shape.ts";
import { SymbolicPadded } from "../validity/symbolic.ts";
import type { Segment, Tokens } from "./segment.ts";

/** Tokens that stand around those of each picture, by their numbers in the backbone's table. */
export interface PictureMarks {
  readonly before: readonly number[];
  readonly after: readonly number[];
  /**
   * Whether those of a picture that does not exist are read. They say nothing of it, but the tokens after them stand further on, so that
   * a policy of more views is another; SmolVLA's released weights were trained so.
   */
  readonly ofAbsent: "hidden" | "read";
}

/** Pictures and what marks them. */
export interface MarkedPictures {
  /** Of all views, one after the other. */
  readonly pictures: Tokens;
  readonly views: number;
  /** The backbone's table, whose rows come as they are. */
  readonly table: SymbolicArray<"y e">;
  readonly marks: PictureMarks;
}

/**
 * For each view its marks, its picture and its marks again.
 *
 * @throws RangeError if a mark is no row of the table
 * @source LeRobot `modeling_smolvla.py` `embed_prefix` with `add_image_special_tokens`
 */
export function markedPictures(given: MarkedPictures): Pick<Segment, "tokens" | "keys"> {
  const { pictures, views, marks } = given;
  const [rows = 0, length = 0] = pictures.valid.isReal.shape;
  const patches = length / views;
  const tokens = pictures.read((values, valid) => {
    const [before, after] = [rowsOf(given, marks.before, rows), rowsOf(given, marks.after, rows)];
    const places = [...Array(views).keys()].map((view) => view * patches);
    const all = places.flatMap((at) => [...before, slice(values, "n", at, at + patches), ...after]);
    const real = valid.reshaped((bits) =>
      concat(
        "n",
        places.flatMap((at) => {
          const one = slice(bits, "n", at, at + 1);
          const own = slice(bits, "n", at, at + patches);
          return [...marks.before.map(() => one), own, ...marks.after.map(() => one)];
        }),
      ),
    );
    return SymbolicPadded.of(concat("n", all), real);
  });
  if (marks.ofAbsent === "hidden") return { tokens, keys: "real" };
  const isMark = [...marks.before.map(() => 1), ...Array<number>(patches).fill(0), ...marks.after.map(() => 1)];
  const everyRow = Array.from({ length: rows * views }, () => isMark).flat();
  const bits = new HostArray("b n", tokens.valid.isReal.shape, "bool", Uint8Array.from(everyRow));
  return { tokens, keys: tokens.valid.reshaped((real) => or(real, constant(bits))) };
}

/** `[b n e]`, once for every row; none of no marks. */
function rowsOf({ table }: MarkedPictures, ids: readonly number[], rows: number): SymbolicArray<"b n e">[] {
  const [vocabulary = 0] = table.shape;
  if (ids.length === 0) return [];
  if (ids.some((id) => id >= vocabulary))
    throw new RangeError(`markedPictures: expected marks below ${vocabulary}, got ${ids.join(", ")}`);
  const every = Int32Array.from({ length: rows * ids.length }, (_, at) => ids[at % ids.length]!);
  return [gather(table, constant(new HostArray("b n", [rows, ids.length], "int32", every)), "b n e")];
}
