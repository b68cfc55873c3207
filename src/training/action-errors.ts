import type { Batch } from "../batch/batch.ts";
import { cutToRobot } from "../batch/cut.ts";
import type { BatchRequest } from "../batch/maker.ts";
import { slots } from "../embodiment/embodiment.ts";
import { ownActions } from "../embodiment/own-action.ts";
import {
  type ActionError,
  type ActionErrorNames,
  absoluteErrors,
  groupActionErrors,
  type SampleActionError,
} from "../metric/action-error.ts";
import { frameCount } from "../mixture/frames.ts";
import type { Draw } from "../mixture/sampler.ts";
import { Mean } from "../validity/mean.ts";
import { Validity } from "../validity/validity.ts";
import type { ActionSampler } from "./action-sampler.ts";
import { loadPlanOf, type Plan } from "./plan.ts";
import { Recordings } from "./recording.ts";

/** The held-out samples whose actions are sampled: what was asked of the loader, and what it gives, in the same order. */
export interface SampledSet {
  readonly requests: readonly BatchRequest[];
  readonly batches: AsyncIterable<Batch>;
}

/**
 * How far a policy's actions lie from the recorded ones, by dataset, control mode and dof, in the robots' own units.
 *
 * Noise is keyed by (seed, sample, draw) and sums are taken in float64 in the order of the samples: equal to the bit at
 * every call, training batch size and worker count.
 *
 * @param seen told how many samples are done
 */
export async function measureActionErrors(
  plan: Plan,
  sampler: ActionSampler,
  { requests, batches }: SampledSet,
  seen: (samples: number) => void,
): Promise<ActionError[]> {
  const recordings = await Recordings.open(plan.mixture.members);
  const found: SampleActionError[] = [];
  const asked = requests.values();
  let done = 0;
  try {
    for await (const batch of batches) {
      const { draws } = asked.next().value ?? { draws: [] };
      found.push(...(await batchErrors({ plan, sampler, recordings }, batch, draws)));
      done += draws.length;
      seen(done);
    }
  } finally {
    await recordings.close();
  }
  return groupActionErrors(found, namesOf(plan));
}

interface Measured {
  readonly plan: Plan;
  readonly sampler: ActionSampler;
  readonly recordings: Recordings;
}

/** Errors of the samples of a batch that have a robot target, each over all its draws of noise. */
async function batchErrors(measured: Measured, batch: Batch, draws: readonly Draw[]): Promise<SampleActionError[]> {
  const { plan, sampler } = measured;
  const { members } = plan.mixture;
  const sums: (readonly Mean[] | null)[] = draws.map(() => []);
  for (let draw = 0; draw < plan.recipe.validation.draws; draw++) {
    const keys = draws.map(({ member, episode, frame }) => {
      return { seed: plan.recipe.seed, dataset: members[member]!.datasetName, episode, frame, draw };
    });
    const actions = await sampler.sample(asAsked(batch), keys);
    for (const [row, sample] of draws.entries()) {
      const errors = await rowErrors(measured, actions, row, sample);
      sums[row] = errors?.map((error, dof) => error.plus(sums[row]?.[dof] ?? Mean.empty)) ?? null;
    }
  }
  return draws.flatMap(({ member }, row) => {
    const { dataset, controlMode } = members[member]!;
    const absolute = sums[row];
    return absolute == null ? [] : [{ dataset, controlMode, absolute }];
  });
}

/** The batch as robots ask: no one who acts knows where the episode will end, so every step is one to be found. */
export function asAsked(batch: Batch): Batch {
  const { stepReal, rowReal } = batch.facts;
  const steps = Validity.complete("b t", stepReal.shape);
  return { ...batch, facts: { ...batch.facts, stepReal: Validity.every("b t", [rowReal, steps]) } };
}

type Actions = Awaited<ReturnType<ActionSampler["sample"]>>;

/** `null` where the sample has no robot target. */
async function rowErrors({ plan, recordings }: Measured, actions: Actions, row: number, sample: Draw) {
  const { data, policy } = plan.recipe;
  const recorded = await recordings.at(sample, { steps: policy.actionHorizon, rate: data.rate });
  if (recorded === null) return null;
  const { dofs } = plan.mixture.members[sample.member]!.embodiment;
  const unit = loadPlanOf(plan).units[sample.member]!.action;
  const sampled = ownActions(cutToRobot(actions, row, slots(dofs)), recorded.state, {
    dofs,
    unit,
    frame: data.actions,
  });
  return absoluteErrors(sampled, recorded.actions);
}

/** Dofs are those of the member that has held-out frames: no other has the same dataset and control mode on this side. */
function namesOf({ mixture }: Plan): ActionErrorNames {
  const { datasets, controlModes, members } = mixture;
  return {
    datasets,
    controlModes,
    dofs: ({ dataset, controlMode }) =>
      members.find(
        (member) =>
          member.dataset === dataset && member.controlMode === controlMode && frameCount(member.validation) > 0,
      )?.embodiment.dofs ?? [],
  };
}
