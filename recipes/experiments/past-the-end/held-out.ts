import { type Batch, placesInOrder } from "../../../src/batch/batch.ts";
import { validationRequests } from "../../../src/batch/request.ts";
import type { ParameterValues } from "../../../src/nn/parameter.ts";
import type { NoiseKey } from "../../../src/objective/action-noise.ts";
import { ActionSampler } from "../../../src/objective/sample.ts";
import { aloneWorld } from "../../../src/ranks/open-world.ts";
import { groupNamesOf, layoutOf, settingOf, targetOf, termsOf } from "../../../src/recipe/plan.ts";
import { asAsked } from "../../../src/training/action-errors.ts";
import { drawsOf, Validator } from "../../../src/training/validator.ts";
import { Mean } from "../../../src/validity/mean.ts";
import type { Samples } from "../training.ts";
import { heldOut, type Study } from "./design.ts";

/** A trained policy that is measured. */
export interface Measured extends Samples {
  readonly study: Study;
  readonly weights: ParameterValues;
}

/** Velocity loss on held-out frames over fixed draws of time and noise, over the steps inside their episodes, by robot. */
export async function velocityLosses(measured: Measured): Promise<Record<string, number | null>> {
  const { plan, weights } = measured;
  const { device, threads, validation } = plan.recipe;
  const validator = await Validator.compile({
    setting: settingOf(plan, validation.microBatch),
    terms: termsOf(plan),
    names: groupNamesOf(plan),
    machine: { device, threads },
    world: await aloneWorld(),
  });
  try {
    const batches = await heldOutBatches(measured);
    // What was taught past the end does not count.
    const target = { ...targetOf(plan, "validation"), pastEnd: "hidden" } as const;
    const micros = drawsOf(one(batches), target, heldOut.velocityDraws);
    const share = { micros, places: placesInOrder(batches) };
    const { groups } = await validator.run(weights, share, () => {});
    return Object.fromEntries(groups.map(({ dataset, loss }) => [dataset, loss]));
  } finally {
    validator.release();
  }
}

/** Mean absolute error of sampled actions in standard deviations, by robot and step of the horizon, asked as robots ask. */
export async function actionErrors(measured: Measured): Promise<Record<string, (number | null)[]>> {
  const { plan, weights } = measured;
  const { device, threads, validation } = plan.recipe;
  const setting = settingOf(plan, validation.microBatch);
  const machine = { device, threads };
  const sampler = await ActionSampler.compile({ setting, weights, placement: "written", answers: null, machine });
  try {
    const found = new Map<string, Mean[]>();
    for (const batch of await heldOutBatches(measured))
      for (let draw = 0; draw < heldOut.actionDraws; draw++) {
        const keys = noiseKeys(measured, batch, draw);
        addErrors(found, batch, (await sampler.sample(asAsked(batch), keys)).cells, keys);
      }
    return Object.fromEntries([...found].map(([name, steps]) => [name, steps.map(({ value }) => value)]));
  } finally {
    sampler.release();
  }
}

function heldOutBatches({ plan, maker, study }: Measured): Promise<Batch[]> {
  const frames = study.data === "real" ? heldOut.realFrames : heldOut.frames;
  const layout = layoutOf(plan.recipe, plan.recipe.validation.microBatch);
  return Promise.all(validationRequests(plan.mixture, layout, frames).map((request) => maker.make(request)));
}

function noiseKeys({ plan }: Samples, { provenance, facts }: Batch, draw: number): NoiseKey[] {
  return Array.from({ length: facts.rowReal.count }, (_, row) => ({
    seed: plan.recipe.seed,
    dataset: plan.mixture.datasets[provenance.dataset[row]!]!,
    episode: provenance.episode[row]!,
    frame: provenance.frame[row]!,
    draw,
  }));
}

function addErrors(found: Map<string, Mean[]>, batch: Batch, sampled: Float32Array, keys: readonly NoiseKey[]): void {
  const { stepReal, dofReal } = batch.facts;
  batch.actions.read(({ cells, shape: [, steps = 0, width = 0] }) => {
    for (const [row, { dataset }] of keys.entries()) {
      const means = found.get(dataset) ?? Array<Mean>(steps).fill(Mean.empty);
      found.set(dataset, means);
      for (let step = 0; step < steps; step++) {
        if (!stepReal.isReal(row * steps + step)) continue;
        for (let dof = 0; dof < width; dof++) {
          const at = (row * steps + step) * width + dof;
          if (dofReal.isReal(row * width + dof))
            means[step] = means[step]!.plus(new Mean(Math.abs(sampled[at]! - cells[at]!), 1));
        }
      }
    }
  });
}

async function* one(batches: readonly Batch[]): AsyncGenerator<Batch> {
  yield* batches;
}
