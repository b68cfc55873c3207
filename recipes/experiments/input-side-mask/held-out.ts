import { type Batch, placesInOrder } from "../../../src/batch/batch.ts";
import { validationRequests } from "../../../src/batch/request.ts";
import type { ParameterValues } from "../../../src/nn/parameter.ts";
import type { NoiseKey } from "../../../src/objective/action-noise.ts";
import { ActionSampler } from "../../../src/objective/sample.ts";
import { aloneWorld } from "../../../src/ranks/open-world.ts";
import { groupNamesOf, layoutOf, termsOf } from "../../../src/recipe/plan.ts";
import { asAsked } from "../../../src/training/action-errors.ts";
import { drawsOf, Validator } from "../../../src/training/validator.ts";
import { Mean } from "../../../src/validity/mean.ts";
import { heldOut, type Sampling } from "./design.ts";
import { heldOutTarget, type Opened, samplingSetting } from "./opened.ts";

/** A number for each robot. */
export type ByRobot = Readonly<Record<string, number | null>>;

/** A policy as it is measured: the same weights are several cells. */
export interface Measured {
  readonly opened: Opened;
  readonly weights: ParameterValues;
  readonly sampling: Sampling;
}

/** Batches of so many evenly spaced held-out frames of each robot. */
export function heldOutBatches({ plan, maker }: Opened, frames: number, rows: number): Promise<Batch[]> {
  const requests = validationRequests(plan.mixture, layoutOf(plan.recipe, rows), frames);
  return Promise.all(requests.map((request) => maker.make(request)));
}

function framesOf({ study }: Opened): number {
  return study.robots === "real" && study.observation === "pictures" ? heldOut.realFrames : heldOut.frames;
}

/** Velocity loss on held-out frames over fixed draws of (time, noise), over real dims, by robot. */
export async function velocityLosses({ opened, weights, sampling }: Measured): Promise<ByRobot> {
  const { plan } = opened;
  const { recipe } = plan;
  const rows = recipe.validation.microBatch;
  const validator = await Validator.compile({
    setting: samplingSetting(opened, sampling, rows),
    terms: termsOf(plan),
    names: groupNamesOf(plan),
    machine: { device: recipe.device, threads: recipe.threads },
    world: await aloneWorld(),
  });
  try {
    const batches = await heldOutBatches(opened, framesOf(opened), rows);
    const micros = drawsOf(one(batches), heldOutTarget(opened, sampling), heldOut.velocityDraws);
    const share = { micros, places: placesInOrder(batches) };
    const { groups } = await validator.run(weights, share, () => {});
    return Object.fromEntries(groups.map(({ dataset, loss }) => [dataset, loss]));
  } finally {
    validator.release();
  }
}

/** Mean absolute error of sampled actions in standard deviations of the robot's own, over real dims and steps. */
export async function actionErrors({ opened, weights, sampling }: Measured): Promise<ByRobot> {
  const { plan } = opened;
  const { recipe } = plan;
  const rows = recipe.validation.microBatch;
  const machine = { device: recipe.device, threads: recipe.threads };
  const setting = samplingSetting(opened, sampling, rows);
  const sampler = await ActionSampler.compile({ setting, weights, placement: "written", answers: null, machine });
  try {
    const found = new Map<string, Mean>();
    for (const batch of await heldOutBatches(opened, framesOf(opened), rows))
      for (let draw = 0; draw < heldOut.actionDraws; draw++) {
        const keys = noiseKeys(opened, batch, draw);
        addErrors(found, batch, (await sampler.sample(asAsked(batch), keys)).cells, keys);
      }
    return Object.fromEntries([...found].map(([name, mean]) => [name, mean.value]));
  } finally {
    sampler.release();
  }
}

/** What the noise of each sample of a batch is keyed by. */
export function noiseKeys({ plan }: Opened, { provenance, facts }: Batch, draw: number): NoiseKey[] {
  return Array.from({ length: facts.rowReal.count }, (_, row) => ({
    seed: plan.recipe.seed,
    dataset: plan.mixture.datasets[provenance.dataset[row]!]!,
    episode: provenance.episode[row]!,
    frame: provenance.frame[row]!,
    draw,
  }));
}

function addErrors(found: Map<string, Mean>, batch: Batch, sampled: Float32Array, keys: readonly NoiseKey[]): void {
  const { stepReal, dofReal } = batch.facts;
  batch.actions.read(({ cells, shape: [, steps = 0, width = 0] }) => {
    for (const [row, { dataset }] of keys.entries()) {
      let [sum, count] = [0, 0];
      for (let cell = 0; cell < steps * width; cell++) {
        if (!stepReal.isReal(row * steps + Math.floor(cell / width)) || !dofReal.isReal(row * width + (cell % width)))
          continue;
        const at = row * steps * width + cell;
        sum += Math.abs(sampled[at]! - cells[at]!);
        count++;
      }
      found.set(dataset, (found.get(dataset) ?? Mean.empty).plus(new Mean(sum, count)));
    }
  });
}

async function* one(batches: readonly Batch[]): AsyncGenerator<Batch> {
  yield* batches;
}
