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
  /** For the prompt, and for the set of weights that a row reads. */
  readonly token: (cell: number) => number;
}

/** Cells of a batch, as bytes over the axes by which its arrays are real: 1 where a cell is meant. */
export interface BatchCells {
  /** `[b o v]`: whole pictures. */
  readonly images: Uint8Array;
  /** `[b o s]` */
  readonly state: Uint8Array;
  /** `[b n]` */
  readonly prompt: Uint8Array;
  /** `[b t d]` */
  readonly actions: Uint8Array;
  /** `[b]` */
  readonly embodiment: Uint8Array;
}

/** Every cell that is not real. */
export function unrealCells({ images, state, prompt, actions, facts }: Batch): BatchCells {
  return {
    images: unrealIn(images.valid),
    state: unrealIn(state.valid),
    prompt: unrealIn(prompt.valid),
    actions: unrealIn(actions.valid),
    embodiment: unrealIn(facts.rowReal),
  };
}

/** A batch with other values in some cells; facts and provenance are the same. */
export function poisoned(batch: Batch, at: BatchCells, poison: Poison): Batch {
  return {
    ...batch,
    images: batch.images.read((values, valid) => Padded.of(filled(values, at.images, poison.pixel), valid)),
    state: batch.state.read((values, valid) => Padded.of(filled(values, at.state, poison.number), valid)),
    prompt: batch.prompt.read((values, valid) => Padded.of(filled(values, at.prompt, poison.token), valid)),
    actions: batch.actions.read((values, valid) => Padded.of(filled(values, at.actions, poison.number), valid)),
    embodiment: filled(batch.embodiment, at.embodiment, poison.token),
  };
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

function unrealIn<A extends string>(valid: Validity<A>): Uint8Array {
  return valid.bits.map((bit) => 1 - bit);
}
