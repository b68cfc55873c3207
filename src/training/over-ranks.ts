import type { Counts } from "../loss/reduction.ts";
import type { SampleActionError } from "../metric/action-error.ts";
import type { SampleError } from "../metric/group.ts";
import { gatherRows } from "../ranks/rows.ts";
import type { World } from "../ranks/world.ts";
import { Mean } from "../validity/mean.ts";

/** The error of a sample, and the sample's place among all of them. */
export interface PlacedError extends SampleError {
  readonly place: number;
}

/** Errors of samples and where each stands. @throws RangeError where they are not as many as places */
export function withPlaces(errors: readonly SampleError[], places: readonly number[]): PlacedError[] {
  if (errors.length !== places.length)
    throw new RangeError(`withPlaces: expected a place for each of ${errors.length} samples, got ${places.length}`);
  return errors.map((error, at) => ({ ...error, place: places[at]! }));
}

/** Counts of each term, added over all ranks before any forward pass. */
export async function countsOverRanks(world: World, own: readonly Counts[]): Promise<Counts[]> {
  const flat = own.flatMap(({ cells, samples, padded }) => [cells, samples, padded]);
  const sums = await world.sum("counts", Float64Array.from(flat));
  return own.map((_, at) => ({ cells: sums[3 * at]!, samples: sums[3 * at + 1]!, padded: sums[3 * at + 2]! }));
}

/**
 * The errors of all ranks' samples in the order of their places, at every rank.
 *
 * @param terms how many each sample has an error of
 */
export async function errorsOverRanks(
  world: World,
  purpose: string,
  terms: number,
  own: readonly PlacedError[],
): Promise<SampleError[]> {
  const width = 4 + 2 * terms;
  const cells = own.flatMap(({ place, dataset, controlMode, episode, terms: means }) => [
    ...[place, dataset, controlMode, episode],
    ...means.flatMap(({ sum, count }) => [sum, count]),
  ]);
  const rows = await gatherRows(world, purpose, { width, cells: Float64Array.from(cells) });
  return Array.from({ length: rows.cells.length / width }, (_, at) => {
    const [, dataset, controlMode, episode, ...parts] = rows.cells.subarray(at * width, (at + 1) * width);
    const means = Array.from({ length: terms }, (_, term) => new Mean(parts[2 * term]!, parts[2 * term + 1]!));
    return { dataset: dataset!, controlMode: controlMode!, episode: episode!, terms: means };
  });
}

/** The error of a sample's actions, and the sample's place among all of them; `null` where it has none. */
export interface PlacedActionError {
  readonly place: number;
  readonly error: SampleActionError | null;
}

/**
 * The errors of actions of all ranks' samples that have one, in the order of their places, at every rank.
 *
 * @param dofs the most that a sample has
 */
export async function actionErrorsOverRanks(
  world: World,
  dofs: number,
  own: readonly PlacedActionError[],
): Promise<SampleActionError[]> {
  const head = 5;
  const width = head + 2 * dofs;
  const cells = new Float64Array(own.length * width);
  for (const [row, { place, error }] of own.entries()) {
    const facts = error === null ? [-1] : [error.dataset, error.controlMode, error.unsaid, error.absolute.length];
    const sums = (error?.absolute ?? []).flatMap(({ sum, count }) => [sum, count]);
    cells.set([place, ...facts], row * width);
    cells.set(sums, row * width + head);
  }
  const rows = await gatherRows(world, "errors of actions", { width, cells });
  return Array.from({ length: rows.cells.length / width }, (_, at) => at).flatMap((at) => {
    const [, dataset = -1, ...own] = rows.cells.subarray(at * width, (at + 1) * width);
    const [controlMode = -1, unsaid = 0, count = 0, ...parts] = own;
    if (dataset < 0) return [];
    const absolute = Array.from({ length: count }, (_, dof) => new Mean(parts[2 * dof]!, parts[2 * dof + 1]!));
    return [{ dataset, controlMode, absolute, unsaid }];
  });
}

/** The sum of the losses of all micro-batches, added in order of their index, at every rank. */
export async function lossOverRanks(world: World, own: readonly { index: number; loss: number }[]): Promise<number> {
  const cells = Float64Array.from(own.flatMap(({ index, loss }) => [index, loss]));
  const rows = await gatherRows(world, "losses", { width: 2, cells });
  let sum = 0;
  for (let at = 1; at < rows.cells.length; at += 2) sum += rows.cells[at]!;
  return sum;
}

/** A text of each rank, joined in order of ranks. */
export async function textOverRanks(world: World, purpose: string, own: string): Promise<string> {
  const parts = await world.gather(purpose, new TextEncoder().encode(own));
  return parts
    .map((part) => new TextDecoder().decode(part))
    .filter((part) => part !== "")
    .join(", ");
}
