import type { ParameterValues } from "../../../src/nn/parameter.ts";
import { aloneWorld } from "../../../src/ranks/open-world.ts";
import { termsOf } from "../../../src/recipe/plan.ts";
import { Trainer } from "../../../src/training/trainer.ts";
import { trainWith } from "../training.ts";
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
  return await Trainer.compile({
    setting: trainingSetting(opened, training),
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
