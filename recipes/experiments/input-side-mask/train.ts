import type { ParameterValues } from "../../../src/nn/parameter.ts";
import { traceObjectives } from "../../../src/objective/objective.ts";
import { aloneWorld } from "../../../src/ranks/open-world.ts";
import { termsOf } from "../../../src/recipe/plan.ts";
import { type Trainer, trainerFrom } from "../../../src/training/trainer.ts";
import { stateBefore, trainWith } from "../training.ts";
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
  const trainer = await openTrainer(opened, training);
  try {
    return await trainWith(trainer, opened, opened.study.steps, watch);
  } finally {
    trainer.release();
  }
}

export async function openTrainer(opened: Opened, training: Training): Promise<Trainer> {
  const { plan } = opened;
  const { recipe } = plan;
  const setting = trainingSetting(opened, training);
  return await trainerFrom(stateBefore(traceObjectives(setting).parameters, recipe.seed), {
    setting,
    optimizer: recipe.optimizer,
    terms: termsOf(plan),
    target: trainingTarget(opened, training),
    trains: () => true,
    frozen: new Map(),
    recompute: "nothing",
    machine: { device: recipe.device, threads: recipe.threads },
    world: await aloneWorld(),
  });
}
