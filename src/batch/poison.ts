import { type HostArray, zeros } from "../graph/host-array.ts";
import type { Batch } from "./batch.ts";
import { eachField, type FieldsAs } from "./each.ts";
import type { FieldName, PaddedFields } from "./fields.ts";

/** What is put where nothing is real, by the number of the cell. */
export interface Poison {
  /** For state and actions: NaN, ±1e30, noise. */
  readonly number: (cell: number) => number;
  /** For pictures: 0 to 255. */
  readonly pixel: (cell: number) => number;
  /** For the prompt, and for the set of weights that a row reads. */
  readonly token: (cell: number) => number;
}

/** Cells of a batch, as bytes over the axes by which its fields are real: 1 where a cell is meant. A picture is one cell. */
export type BatchCells = FieldsAs<FieldName, "bytes">;

/** Every cell that is not real. */
export function unrealCells(batch: Batch): BatchCells {
  return eachField<"bytes">((name) => batch[name].valid.bits.map((bit) => 1 - bit));
}

/** A batch with other values in some cells; facts and provenance are the same. */
export function poisoned(batch: Batch, at: BatchCells, poison: Poison): Batch {
  const own: PaddedFields = batch;
  const sick = eachField<"host">((name, field) =>
    own[name].changed((values, valid) => [filled(values, at[name], poison[field.poison]), valid]),
  );
  return { ...batch, ...sick };
}

/** An array with other values where `at` says so, by whole runs of cells where it has fewer. */
export function filled<A extends string, D extends "float32" | "int32" | "uint8">(
  values: HostArray<A, D>,
  at: Uint8Array,
  value: (cell: number) => number,
): HostArray<A, D> {
  const out = zeros(values.axes, values.shape, values.type);
  const share = values.cells.length / at.length;
  for (let cell = 0; cell < values.cells.length; cell++)
    out.cells[cell] = at[Math.floor(cell / share)] === 1 ? value(cell) : values.cells[cell]!;
  return out;
}
