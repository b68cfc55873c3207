import type { Batch } from "../batch/batch.ts";
import { cutToRobot } from "../batch/cut.ts";
import { readManifest } from "../checkpoint/checkpoint.ts";
import { slots } from "../embodiment/embodiment.ts";
import type { StoredInputs } from "../graph/program.ts";
import type { Device } from "../graph/runtime/device.ts";
import { type ActionChange, ActionComparison } from "../metric/action-change.ts";
import type { Draw } from "../mixture/sampler.ts";
import type { ParameterValues } from "../nn/parameter.ts";
import { sampleKeys } from "../objective/action-noise.ts";
import { ActionSampler, placementFor } from "../objective/sample.ts";
import type { WeightKind } from "../objective/weight-kind.ts";
import { aloneWorld } from "../ranks/open-world.ts";
import { answersOf } from "../recipe/answer.ts";
import { type Plan, settingOf } from "../recipe/plan.ts";
import type { Recipe } from "../recipe/schema.ts";
import { asAsked } from "./action-errors.ts";
import { Run } from "./run.ts";

/** A policy whose weights are held otherwise than they were trained. */
export interface WeightChangeRequest {
  /** Folder of its checkpoint. */
  readonly checkpoint: string;
  readonly recipe: Recipe;
  readonly weights: ParameterValues | StoredInputs;
  readonly weightKind: WeightKind;
  readonly machine: { readonly device: Device; readonly threads: number };
  /** Held-out samples of each dataset and control mode, at most. */
  readonly samples: number;
  /** Folder for measured statistics. */
  readonly cache: string;
}

/** What changes in the actions of one robot. */
export interface RobotChange extends ActionChange {
  readonly dataset: string;
  readonly controlMode: string;
  readonly samples: number;
}

/**
 * How far a policy's actions move where its weights are held otherwise, on held-out samples, from the same noise.
 *
 * @returns for each robot that has held-out samples
 * @throws InputError where the datasets of its recipe are not there
 */
export async function measureWeightChange(request: WeightChangeRequest): Promise<RobotChange[]> {
  const { checkpoint, recipe, weights, weightKind, machine, samples, cache } = request;
  const run = await Run.openFor(await readManifest(checkpoint), recipe, cache, await aloneWorld());
  const samplers: ActionSampler[] = [];
  try {
    const setting = settingOf(run.plan, recipe.validation.microBatch);
    const common = { setting, weights, answers: answersOf(recipe), machine };
    for (const kind of ["float32", weightKind] as const)
      samplers.push(
        await ActionSampler.compile({ ...common, placement: placementFor(weights, kind), weightKind: kind }),
      );
    const { requests, batches } = run.heldOut(samples);
    return await compared(
      run.plan,
      samplers,
      requests.map(({ draws }) => draws),
      batches,
    );
  } finally {
    for (const sampler of samplers) sampler.release();
    await run.close();
  }
}

async function compared(
  plan: Plan,
  [own, other]: readonly ActionSampler[],
  draws: readonly (readonly Draw[])[],
  batches: AsyncIterable<Batch>,
): Promise<RobotChange[]> {
  const { members, datasets } = plan.mixture;
  const found = members.map(() => new ActionComparison());
  let turn = 0;
  for await (const batch of batches) {
    const keys = sampleKeys(batch, { seed: plan.recipe.seed, datasets, draw: 0 });
    const asked = asAsked(batch);
    const answers = [await own!.sample(asked, keys), await other!.sample(asked, keys)];
    for (const [row, { member }] of draws[turn++]!.entries()) {
      const places = slots(members[member]!.embodiment.dofs);
      const [one, two] = answers.map((actions) => cutToRobot(actions, row, places));
      const recorded = batch.actions.read((values) => cutToRobot(values, row, places));
      const steps = batch.facts.stepReal.shape[1]!;
      const isRecorded = (step: number) => batch.facts.stepReal.bits[row * steps + step] === 1;
      found[member]!.add({ recorded, isRecorded, own: one!, other: two! });
    }
  }
  return members.flatMap(({ dataset, controlMode }, member) => {
    const { samples, result } = found[member]!;
    const names = { dataset: datasets[dataset]!, controlMode: plan.mixture.controlModes[controlMode]! };
    return samples === 0 ? [] : [{ ...names, samples, ...result }];
  });
}
