import type { Mixture } from "../mixture/mixture.ts";
import { type Draw, draw } from "../mixture/sampler.ts";
import { validationDraws } from "../mixture/validation.ts";
import type { BatchLayout } from "./layout.ts";
import { dealtByShape, type PlacedRequest } from "./shape.ts";

/** The samples of a training step, in order. */
export function stepDraws(mixture: Mixture, batchSize: number, step: number): Draw[] {
  return Array.from({ length: batchSize }, (_, at) => draw(mixture.seed, mixture.members, step * batchSize + at));
}

/**
 * The micro-batches of a training step in one shape, over all ranks, in order; the last is filled up where the rows do not divide the size.
 *
 * @param batchSize samples per step over all micro-batches and ranks
 */
export function stepRequests(mixture: Mixture, layout: BatchLayout, batchSize: number, step: number): PlacedRequest[] {
  const draws = stepDraws(mixture, batchSize, step);
  return dealtByShape(draws, { purpose: "train", layout, shaping: null, rows: "fewest" });
}

/** The micro-batches of the held-out samples in one shape, over all ranks: a function of the validation set and its rows alone. */
export function validationRequests(
  mixture: Mixture,
  layout: BatchLayout,
  framesPerMember: number | "all",
): PlacedRequest[] {
  const draws = validationDraws(mixture, framesPerMember);
  return dealtByShape(draws, { purpose: "validation", layout, shaping: null, rows: "full" });
}
