import { cacheFolder } from "../dataset/cache.ts";
import { openMixture } from "../mixture/mixture.ts";
import { type DataSummary, dataSummaries } from "../recipe/data-summary.ts";
import { mixtureOf } from "../recipe/mixture-of.ts";
import { planOf } from "../recipe/plan.ts";
import type { Recipe } from "../recipe/schema.ts";

/**
 * What a recipe reads of each of its datasets and what it leaves out, as training says it at its start.
 *
 * @throws InputError with everything that would keep it from training
 */
export async function recipeData(recipe: Recipe): Promise<DataSummary[]> {
  const open = await openMixture(mixtureOf(recipe));
  try {
    return dataSummaries(await planOf(recipe, open, cacheFolder("statistics")), open);
  } finally {
    await open.close();
  }
}
