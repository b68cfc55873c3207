import { apply, type FloatType, type SymbolicArray, show } from "../array.ts";
import { cells, letters } from "../axes.ts";
import type { DataType } from "../host-array.ts";
import { elementType } from "../onnx.ts";
import { type AnyArray, addsInAnyOrder, type Lowering } from "../operation.ts";

/**
 * Rows of a table by number: `gather(embedding, ids, "b n e")` with a table `[y e]` and ids `[b n]`. A row may be an array.
 *
 * An id past the table stops the run; a negative one counts from its end, as in ONNX.
 *
 * @throws RangeError if `output` is not the axes of the ids followed by those of a row
 */
export function gather<D extends FloatType, O extends string>(
  table: SymbolicArray<string, D>,
  ids: SymbolicArray<string, "int32">,
  output: O,
): SymbolicArray<O, D> {
  const row = letters(table.axes).slice(1);
  const axes = [ids.axes, ...row].join(" ");
  if (row.length === 0 || output !== axes)
    throw new RangeError(
      `gather: expected a table of two axes or more and "${axes}", got ${show(table)} and "${output}"`,
    );
  return apply({ axes: output, shape: [...ids.shape, ...table.shape.slice(1)], type: table.type }, [table, ids], {
    name: "gather",
    lower: (lowering, [rows, at]) => [
      lowering.node("Gather", [lowering.value(rows!), lowering.value(at!)], { axis: 0 }),
    ],
    gradient: (given, [rows, at]) => [scatterAdd(given, at!, rows!), null],
  });
}

/** Rows added at their numbers into zeros of the form of `table`: one after the other, so equal inputs give equal bits. */
function scatterAdd(rows: AnyArray, ids: AnyArray, table: AnyArray): SymbolicArray<string, DataType> {
  const count = cells(ids.shape);
  const width = cells(table.shape.slice(1));
  const flatTable = [table.shape[0]!, width];
  return apply({ axes: table.axes, shape: table.shape, type: table.type }, [rows, ids], {
    name: "scatterAdd",
    lower: (lowering, [values, at]) => {
      const zero = lowering.node("Expand", [lowering.scalar(table, 0), lowering.integers(flatTable)]);
      const flat = lowering.node("Reshape", [lowering.value(values!), lowering.integers([count, width])]);
      const column = lowering.node("Reshape", [lowering.value(at!), lowering.integers([count, 1])]);
      const whole = lowering.node("Expand", [column, lowering.integers([count, width])]);
      const added = addsInAnyOrder(lowering.operators)
        ? lowering.node("ScatterElements", [zero, whole, sumsOfEqual(lowering, flat, column)], { axis: 0 })
        : lowering.node("ScatterElements", [zero, whole, flat], { axis: 0, reduction: "add" });
      return [lowering.reshaped(added, flatTable, table.shape)];
    },
    gradient: () => {
      throw new Error("scatterAdd: second derivatives are not supported");
    },
  });
}

/**
 * In place of each of `rows [n e]` the sum of those with its number, of `numbers [n 1]`: then each may be written to its place, in any order.
 * On a card, and by WebGPU, threads that add to one place do so in whatever order they come, and the bits differ from run to run.
 */
function sumsOfEqual(lowering: Lowering, rows: string, numbers: string): string {
  const others = lowering.node("Transpose", [numbers], { perm: [1, 0] });
  const equal = lowering.node("Cast", [lowering.node("Equal", [numbers, others])], { to: elementType.float32 });
  return lowering.node("MatMul", [equal, rows]);
}
