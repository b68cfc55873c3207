import { cacheFolder } from "../cache-folder.ts";
import { openMixture } from "../mixture/mixture.ts";
import { type DataSummary, dataSummaries } from "../recipe/data-summary.ts";
import { mixtureOf } from "../recipe/mixture-of.ts";
import { planOf } from "../recipe/plan.ts";
import type { Recipe } from "../recipe/schema.ts";
import { type ShapePlan, shapePlanOf } from "../training/shape-plan.ts";

/** What a recipe reads, and in which shapes it computes it. */
export interface RecipeData {
  readonly data: readonly DataSummary[];
  readonly shapes: ShapePlan;
}

/**
 * What a recipe reads of each of its datasets and what it leaves out, as training says it at its start.
 *
 * @throws InputError with everything that would keep it from training
 */
export async function recipeData(recipe: Recipe): Promise<RecipeData> {
  const open = await openMixture(mixtureOf(recipe));
  try {
    const plan = await planOf(recipe, open, cacheFolder("statistics"));
    return { data: dataSummaries(plan, open), shapes: shapePlanOf(plan) };
  } finally {
    await open.close();
  }
}
