import { HostArray } from "../graph/host-array.ts";
import { onHost } from "../validity/join.ts";
import { type EncodedPadded, Padded } from "../validity/padded.ts";
import { type EncodedValidity, Validity } from "../validity/validity.ts";
import { eachFact, eachField, fieldNames } from "./each.ts";
import {
  type ColumnName,
  type FactName,
  type FactsOn,
  type FieldName,
  type PaddedFields,
  readableSlots,
} from "./fields.ts";

/** What exists in a batch, on the host. */
export type Facts = FactsOn<"host">;

/** Where each row comes from, by the columns of the table; −1 in filler rows. */
export type Provenance = Readonly<Record<ColumnName, Int32Array>>;

/** One micro-batch on the host. */
export interface Batch extends PaddedFields {
  readonly facts: Facts;
  readonly provenance: Provenance;
  /** Which of the robot's own dofs a slot holds, −1 where none: noise is keyed by it. */
  readonly ownDof: HostArray<"b d", "int32">;
}

/** A batch as plain data, for the border between workers. */
export interface EncodedBatch extends Readonly<Record<FieldName, EncodedPadded>> {
  readonly facts: Readonly<Record<FactName, EncodedValidity>>;
  readonly provenance: Provenance;
  readonly ownDof: { readonly shape: readonly number[]; readonly cells: Int32Array };
}

/** How many samples a batch holds: its rows less the fillers. */
export function sampleCount(batch: Batch): number {
  return batch.facts.rowReal.count;
}

/** Where the samples of each batch stand among those of all, one batch after the other. */
export function placesInOrder(batches: readonly Batch[]): number[][] {
  let next = 0;
  return batches.map((batch) => Array.from({ length: sampleCount(batch) }, () => next++));
}

/** The same values, of which other facts say what exists. */
export function withFacts(batch: Batch, facts: Facts): Batch {
  const conditions = { ...facts, readable: readableSlots(onHost, facts) };
  const own: PaddedFields = batch;
  const padded = eachField<"host">((name, { real }) =>
    own[name].changed((values) => [values, real(onHost, conditions)]),
  );
  return { ...batch, ...padded, facts };
}

/** A batch as plain data. The cells are not copied: once they are transferred, the batch is spent. */
export function encodeBatch({ facts, provenance, ownDof, ...fields }: Batch): EncodedBatch {
  return {
    ...eachField<"encoded">((name) => fields[name].encode()),
    facts: eachFact<"encoded">((name) => facts[name].encode()),
    provenance,
    ownDof: { shape: ownDof.shape, cells: ownDof.cells },
  };
}

/**
 * The large buffers of an encoded batch, to be moved instead of copied.
 *
 * @throws TypeError if cells lie in shared memory
 */
export function transferList(encoded: EncodedBatch): ArrayBuffer[] {
  return fieldNames.map((name) => {
    const { buffer } = encoded[name].cells;
    if (buffer instanceof ArrayBuffer) return buffer;
    throw new TypeError("transferList: expected cells in an ArrayBuffer of their own, got shared memory");
  });
}

/** @throws TypeError if the value is no encoded batch: axes, types and every fact are checked */
export function decodeBatch({ facts, provenance, ownDof, ...fields }: EncodedBatch): Batch {
  return {
    ...eachField<"host">((name, field) => Padded.decode(field, fields[name])),
    facts: eachFact<"host">((name, axes) => Validity.decode(axes, facts[name])),
    provenance,
    ownDof: new HostArray("b d", ownDof.shape, "int32", ownDof.cells),
  };
}
