import { type BatchMapJson, batchMap } from "../dashboard/padding/batch-map.ts";
import type { ParameterValues } from "../nn/parameter.ts";
import { aloneWorld } from "../ranks/open-world.ts";
import type { Recipe } from "../recipe/schema.ts";
import type { FoundPolicy } from "../serving/load.ts";
import { plannedPolicy } from "../serving/load.ts";
import { newState } from "../training/begin.ts";
import { Run } from "../training/run.ts";
import { actingWeights } from "../training/weights.ts";

/** What there is before the first step: the policy that knows nothing, and the first batch that will teach it. */
export interface BeforeTraining {
  readonly policy: FoundPolicy;
  readonly weights: ParameterValues;
  readonly batch: BatchMapJson;
}

/** @param cache folder for what is measured of the data */
export async function beforeTraining(recipe: Recipe, cache: string): Promise<BeforeTraining> {
  const run = await Run.open(recipe, cache, await aloneWorld());
  try {
    const weights = actingWeights(newState(recipe, run.parameters), recipe.validation.weights);
    return {
      policy: plannedPolicy(run.plan, 0),
      weights,
      batch: await batchMap(run.plan, 0),
    };
  } finally {
    await run.close();
  }
}
