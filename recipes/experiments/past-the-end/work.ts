import { BatchMaker } from "../../../src/batch/maker.ts";
import { openMixture } from "../../../src/mixture/mixture.ts";
import { traceObjectives } from "../../../src/objective/objective.ts";
import { aloneWorld } from "../../../src/ranks/open-world.ts";
import { mixtureOf } from "../../../src/recipe/mixture-of.ts";
import { loadPlanOf, type Plan, planOf, settingOf, targetOf, termsOf } from "../../../src/recipe/plan.ts";
import { type Trainer, trainerFrom } from "../../../src/training/trainer.ts";
import { type Samples, stateBefore, trainWith } from "../training.ts";
import { playAll } from "./closed-loop.ts";
import { type Job, type Study, studies } from "./design.ts";
import { actionErrors, velocityLosses } from "./held-out.ts";
import { recipeOf } from "./recipe.ts";
import type { Line } from "./table.ts";

/** Folders of the recordings and of what has been measured of them. */
export interface Folders {
  readonly data: string;
  readonly cache: string;
}

/** Trains a run's policy and measures it. Equal calls give equal numbers but for the seconds. */
export async function work(job: Job, folders: Folders, watch: (step: number, loss: number) => void): Promise<Line> {
  const study: Study = studies[job.study];
  const samples = await openSamples(job, folders);
  try {
    const began = performance.now();
    const last: number[] = [];
    const trainer = await openTrainer(samples.plan);
    const weights = await trainWith(trainer, samples, study.steps, (step, loss) => {
      last.push(loss);
      if (last.length > 100) last.shift();
      watch(step, loss);
    }).finally(() => trainer.release());
    const trained = performance.now();
    const measured = { ...samples, study, weights };
    const rollouts = study.data === "real" ? null : await playAll(measured);
    const velocityLoss = await velocityLosses(measured);
    const actionError = await actionErrors(measured);
    return {
      ...job,
      steps: study.steps,
      trainingLoss: last.reduce((sum, loss) => sum + loss, 0) / last.length,
      trainingSeconds: Math.round((trained - began) / 1000),
      measuringSeconds: Math.round((performance.now() - trained) / 1000),
      rollouts,
      velocityLoss,
      actionError,
    };
  } finally {
    await samples.maker.close();
  }
}

/** A run's data, opened: the product's plan of its recipe, and what makes its batches. */
export async function openSamples(job: Job, { data, cache }: Folders): Promise<Samples> {
  const recipe = recipeOf(job, data);
  const open = await openMixture(mixtureOf(recipe));
  try {
    const plan = await planOf(recipe, open, cache);
    return { plan, maker: await BatchMaker.open(loadPlanOf(plan)) };
  } finally {
    await open.close();
  }
}

async function openTrainer(plan: Plan): Promise<Trainer> {
  const { optimizer, batch, device, seed, threads } = plan.recipe;
  const setting = settingOf(plan, batch.microBatch);
  return await trainerFrom(stateBefore(traceObjectives(setting).parameters, seed), {
    setting,
    optimizer,
    terms: termsOf(plan),
    target: targetOf(plan, "training"),
    trains: () => true,
    frozen: new Map(),
    recompute: "nothing",
    machine: { device, threads },
    world: await aloneWorld(),
  });
}
