import { stepRequests } from "../../../src/batch/request.ts";
import type { ParameterForm, ParameterValues } from "../../../src/nn/parameter.ts";
import { learningRate } from "../../../src/optimizer/schedule.ts";
import { initialState, type TrainingState } from "../../../src/optimizer/state.ts";
import { aloneWorld } from "../../../src/ranks/open-world.ts";
import { layoutOf, termsOf } from "../../../src/training/plan.ts";
import { Trainer } from "../../../src/training/trainer.ts";
import { actingWeights } from "../../../src/training/weights.ts";
import type { Training } from "./design.ts";
import { type Opened, trainingSetting, trainingTarget } from "./opened.ts";

/**
 * Trains a run's policy with the product's own trainer.
 *
 * @param training which rules of padding hold; the recipe is that of the run
 * @param watch told each step's loss
 * @returns the weights that act: averages, as the recipe validates
 */
export async function trainPolicy(
  opened: Opened,
  training: Training,
  watch: (step: number, loss: number) => void,
): Promise<ParameterValues> {
  const { recipe } = opened.plan;
  const trainer = await openTrainer(opened, training);
  try {
    let state = stateBefore(trainer.trained, recipe.seed);
    const batches = batchesOf(opened);
    for (let step = 0; step < opened.study.steps; step++) {
      const done = await trainer.step(state, await batches(step), learningRate(recipe.optimizer, step));
      state = done.state;
      watch(state.step, done.loss);
    }
    return actingWeights(state, recipe.validation.weights);
  } finally {
    trainer.release();
  }
}

export async function openTrainer(opened: Opened, training: Training): Promise<Trainer> {
  const { plan } = opened;
  const { recipe } = plan;
  return await Trainer.compile({
    setting: trainingSetting(opened, training),
    optimizer: recipe.optimizer,
    terms: termsOf(plan),
    target: trainingTarget(opened, training),
    trains: () => true,
    machine: { device: recipe.device, threads: recipe.threads },
    world: await aloneWorld(),
  });
}

/** Weights before the first step: keyed by parameter, row and column, so equal wherever two policies share one. */
export function stateBefore(parameters: readonly ParameterForm[], seed: number): TrainingState {
  return initialState(parameters, new Set(parameters.map(({ name }) => name)), { seed, keepsAverages: true });
}

/** The batches of a step: a function of seed and step. */
export function batchesOf({ plan, maker }: Opened) {
  const { size, microBatch } = plan.recipe.batch;
  const layout = layoutOf(plan.recipe, microBatch);
  return async (step: number) => {
    const requests = stepRequests(plan.mixture, layout, size, step);
    const batches = await Promise.all(requests.map((request) => maker.make(request)));
    return { batches, microBatches: batches.length };
  };
}
