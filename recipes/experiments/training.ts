import type { BatchMaker } from "../../src/batch/maker.ts";
import { stepRequests } from "../../src/batch/request.ts";
import type { ParameterForm, ParameterValues } from "../../src/nn/parameter.ts";
import { learningRate } from "../../src/optimizer/schedule.ts";
import { initialState, type TrainingState } from "../../src/optimizer/state.ts";
import { layoutOf, type Plan } from "../../src/recipe/plan.ts";
import { wholeState } from "../../src/training/shared-state.ts";
import type { Trainer } from "../../src/training/trainer.ts";
import { actingWeights } from "../../src/training/weights.ts";

/** A recipe's data: its plan, and what makes its batches. */
export interface Samples {
  readonly plan: Plan;
  readonly maker: BatchMaker;
}

/**
 * Trains for so many steps with the product's own trainer.
 *
 * @param watch told each step's loss
 * @returns the weights that act: averages, as the recipe validates
 */
export async function trainWith(
  trainer: Trainer,
  samples: Samples,
  steps: number,
  watch: (step: number, loss: number) => void,
): Promise<ParameterValues> {
  const { optimizer, validation } = samples.plan.recipe;
  const batches = batchesOf(samples);
  for (let done = 0; done < steps; done++) {
    const { step, loss } = await trainer.step(await batches(done), learningRate(optimizer, done));
    watch(step, loss);
  }
  return actingWeights(wholeState(trainer.state()), validation.weights);
}

/** Weights before the first step: keyed by parameter, row and column, so equal wherever two policies share one. */
export function stateBefore(parameters: readonly ParameterForm[], seed: number): TrainingState {
  return initialState(parameters, new Set(parameters.map(({ name }) => name)), { seed, keepsAverages: true });
}

/** The batches of a step: a function of seed and step. */
export function batchesOf({ plan, maker }: Samples) {
  const { size, microBatch } = plan.recipe.batch;
  const layout = layoutOf(plan.recipe, microBatch);
  return async (step: number) => {
    const requests = stepRequests(plan.mixture, layout, size, step);
    const batches = await Promise.all(requests.map((request) => maker.make(request)));
    return { batches, places: requests.map(({ places }) => places), microBatches: batches.length };
  };
}
