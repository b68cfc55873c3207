import { type HostArray, zeros } from "../graph/host-array.ts";
import { Padded } from "../validity/padded.ts";
import type { Validity } from "../validity/validity.ts";
import type { Batch } from "./batch.ts";

/** What is put where nothing is real, by the number of the cell. */
export interface Poison {
  /** For state and actions: NaN, ±1e30, noise. */
  readonly number: (cell: number) => number;
  /** For pictures: 0 to 255. */
  readonly pixel: (cell: number) => number;
  /** For the prompt. */
  readonly token: (cell: number) => number;
}

/** A batch with other values in every cell that is not real; facts, provenance and real cells are the same. */
export function poisoned(batch: Batch, poison: Poison): Batch {
  return {
    ...batch,
    images: batch.images.read((values, valid) => Padded.of(filled(values, valid, poison.pixel), valid)),
    state: batch.state.read((values, valid) => Padded.of(filled(values, valid, poison.number), valid)),
    prompt: batch.prompt.read((values, valid) => Padded.of(filled(values, valid, poison.token), valid)),
    actions: batch.actions.read((values, valid) => Padded.of(filled(values, valid, poison.number), valid)),
  };
}

function filled<A extends string, D extends "float32" | "int32" | "uint8", V extends string>(
  values: HostArray<A, D>,
  valid: Validity<V>,
  value: (cell: number) => number,
): HostArray<A, D> {
  const out = zeros(values.axes, values.shape, values.type);
  const { bits } = valid;
  const share = values.cells.length / bits.length;
  for (let at = 0; at < values.cells.length; at++)
    out.cells[at] = bits[Math.floor(at / share)] === 1 ? values.cells[at]! : value(at);
  return out;
}
