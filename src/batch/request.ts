import type { Mixture } from "../mixture/mixture.ts";
import { draw } from "../mixture/sampler.ts";
import { microBatches, validationDraws } from "../mixture/validation.ts";
import type { BatchLayout } from "./layout.ts";
import type { BatchRequest } from "./maker.ts";

/**
 * The micro-batches of a training step, over all ranks, in order; the last is filled up where the rows do not divide the size.
 *
 * @param batchSize samples per step over all micro-batches and ranks
 */
export function stepRequests(mixture: Mixture, layout: BatchLayout, batchSize: number, step: number): BatchRequest[] {
  const positions = Array.from({ length: batchSize }, (_, at) => step * batchSize + at);
  const draws = positions.map((n) => draw(mixture.seed, mixture.members, n));
  return microBatches(draws, layout.rows).map((own) => ({ purpose: "train", layout, draws: own }));
}

/** The micro-batches of the held-out samples, over all ranks: a function of the validation set and its rows alone. */
export function validationRequests(
  mixture: Mixture,
  layout: BatchLayout,
  framesPerMember: number | "all",
): BatchRequest[] {
  const draws = validationDraws(mixture, framesPerMember);
  return microBatches(draws, layout.rows).map((own) => ({ purpose: "validation", layout, draws: own }));
}
