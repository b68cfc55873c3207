import { placementNotes } from "../ranks/place.ts";
import type { World } from "../ranks/world.ts";
import type { Recipe } from "../recipe/schema.ts";

type Ranks = Pick<World, "size" | "places">;

/** What the user should know of how a command's ranks stand; nothing of one alone. */
export function rankNotes({ size, places }: Ranks, { threads }: Pick<Recipe, "threads">): string[] {
  return size === 1 ? [] : placementNotes(places, threads);
}

/**
 * The same for training, where ranks beyond the number of micro-batches of a step have nothing to compute. Where shapes fit, that number
 * follows from the data.
 */
export function trainingRankNotes(ranks: Ranks, recipe: Pick<Recipe, "threads" | "batch">): string[] {
  const { size, microBatch, shapes = "one" } = recipe.batch;
  const microBatches = Math.ceil(size / microBatch);
  const idle = ranks.size - microBatches;
  if (idle <= 0 || shapes === "fit") return rankNotes(ranks, recipe);
  const remedy =
    size < ranks.size
      ? `a batch.size of ${ranks.size} or more`
      : `--set batch.microBatch=${Math.floor(size / ranks.size)} (other last bits)`;
  const note =
    `${idle} of ${ranks.size} ranks ${idle === 1 ? "has" : "have"} no micro-batch to compute: the ${size} samples of a step ` +
    `are ${microBatches} of ${microBatch}; ${remedy} has one for each rank`;
  return [note, ...rankNotes(ranks, recipe)];
}
