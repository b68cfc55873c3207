import { type RobotSlots, robotSlots } from "../dashboard/slot-share.ts";
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
  readonly slots: readonly RobotSlots[];
}

/** @param cache folder for what is measured of the data */
export async function beforeTraining(recipe: Recipe, cache: string): Promise<BeforeTraining> {
  const run = await Run.open(recipe, cache, await aloneWorld());
  try {
    const { batches } = await run.stepShares(0, 1)();
    const weights = actingWeights(newState(recipe, run.parameters), recipe.validation.weights);
    return {
      policy: plannedPolicy(run.plan, 0),
      weights,
      slots: batches.slice(0, 1).flatMap((batch) => robotSlots(batch, run.plan.mixture.members)),
    };
  } finally {
    await run.close();
  }
}
