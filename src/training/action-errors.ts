import type { Batch } from "../batch/batch.ts";
import { cutToRobot } from "../batch/cut.ts";
import { type PlacedRequest, shapeOfBatch } from "../batch/shape.ts";
import { slots } from "../embodiment/embodiment.ts";
import { ownActions } from "../embodiment/own-action.ts";
import { ownUnit } from "../embodiment/unit.ts";
import {
  type ActionError,
  type ActionErrorNames,
  absoluteErrors,
  groupActionErrors,
  type SampleActionError,
} from "../metric/action-error.ts";
import { frameCount } from "../mixture/frames.ts";
import type { Draw } from "../mixture/sampler.ts";
import { sampleKeys } from "../objective/action-noise.ts";
import type { ActionSampler } from "../objective/sample.ts";
import type { World } from "../ranks/world.ts";
import { loadPlanOf, type Plan } from "../recipe/plan.ts";
import { Mean } from "../validity/mean.ts";
import { Validity } from "../validity/validity.ts";
import { actionErrorsOverRanks, type PlacedActionError } from "./over-ranks.ts";
import type { ProgramCache } from "./program-cache.ts";
import { type RecordedActions, Recordings } from "./recording.ts";

/** Held-out samples whose actions this rank samples: what was asked of the loader, and what it gives, in the same order. */
export interface SampledShare {
  readonly requests: readonly PlacedRequest[];
  readonly batches: AsyncIterable<Batch>;
}

/**
 * How far a policy's actions lie from the recorded ones, by sample, in the robots' own units; samples without a robot target
 * have no error.
 *
 * Noise is keyed by (seed, sample, draw): equal to the bit at every call, training batch size, worker count and rank count.
 *
 * @param samplers by the shape of the batch
 * @param seen     told how many samples are done
 */
export async function measureActionErrors(
  plan: Plan,
  samplers: ProgramCache<ActionSampler>,
  { requests, batches }: SampledShare,
  seen: (samples: number) => void,
): Promise<PlacedActionError[]> {
  const recordings = await Recordings.open(plan.mixture.members);
  const found: PlacedActionError[] = [];
  let done = 0;
  try {
    for await (const batch of batches) {
      const { draws, places } = requests[done++]!;
      const errors = await samplers.with(shapeOfBatch(batch), (sampler) =>
        batchErrors({ plan, sampler, recordings }, batch, draws),
      );
      found.push(...errors.map((error, at) => ({ place: places[at]!, error })));
      seen(found.length);
    }
  } finally {
    await recordings.close();
  }
  return found;
}

/** Errors of all ranks' samples by dataset, control mode and dof, added up in float64 in the order of the samples. */
export async function sumActionErrors(
  plan: Plan,
  world: World,
  own: readonly PlacedActionError[],
): Promise<ActionError[]> {
  const dofs = Math.max(...plan.mixture.members.map(({ embodiment }) => embodiment.dofs.length));
  return groupActionErrors(await actionErrorsOverRanks(world, dofs, own), namesOf(plan));
}

interface Measured {
  readonly plan: Plan;
  readonly sampler: ActionSampler;
  readonly recordings: Recordings;
}

/** Errors of the samples of a batch, each over all its draws of noise; `null` without a robot target. */
async function batchErrors(
  measured: Measured,
  batch: Batch,
  draws: readonly Draw[],
): Promise<(SampleActionError | null)[]> {
  const { plan, sampler } = measured;
  const { members } = plan.mixture;
  const sums: (readonly Mean[] | null)[] = draws.map(() => []);
  const unsaid = draws.map(() => 0);
  for (let draw = 0; draw < plan.recipe.validation.draws; draw++) {
    const keys = sampleKeys(batch, { seed: plan.recipe.seed, datasets: plan.mixture.datasets, draw });
    const actions = await sampler.sample(asAsked(batch), keys);
    for (const [row, sample] of draws.entries()) {
      const found = await rowErrors(measured, actions, row, sample);
      sums[row] = found?.errors.map((error, dof) => error.plus(sums[row]?.[dof] ?? Mean.empty)) ?? null;
      unsaid[row]! += found?.unsaid ?? 0;
    }
  }
  return draws.map(({ member }, row) => {
    const { dataset, controlMode } = members[member]!;
    const absolute = sums[row];
    return absolute == null ? null : { dataset, controlMode, absolute, unsaid: unsaid[row]! };
  });
}

/**
 * The batch as a robot would request it: when acting, the end of the episode is not known, so all steps exist and are to be sampled, and
 * there is no response.
 */
export function asAsked(batch: Batch): Batch {
  const { stepReal, responseReal, rowReal } = batch.facts;
  const steps = Validity.complete("b t", stepReal.shape);
  const facts = {
    ...batch.facts,
    stepReal: Validity.every("b t", [rowReal, steps]),
    responseReal: Validity.of("b r", responseReal.shape, new Uint8Array(responseReal.bits.length)),
  };
  return { ...batch, facts };
}

type Actions = Awaited<ReturnType<ActionSampler["sample"]>>;
type Sampled = ReturnType<typeof ownActions>;

/** `null` where the sample has no robot target. */
async function rowErrors({ plan, sampler, recordings }: Measured, actions: Actions, row: number, sample: Draw) {
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
  const said = sampler.isSaid ? whereSaid(recorded.actions, sampled) : recorded.actions;
  const unsaid = recorded.actions.valid.count - said.valid.count;
  return { errors: absoluteErrors(sampled, said), unsaid };
}

/** Of the steps that were recorded those that the policy said anything about: an answer may be no chunk, or end early. */
function whereSaid(recorded: RecordedActions["actions"], { cells, shape: [, dofs = 0] }: Sampled) {
  return recorded.changed((values, real) => {
    const said = Uint8Array.from(real.bits, (bit, step) => (Number.isNaN(cells[step * dofs]!) ? 0 : bit));
    return [values, Validity.of("t", real.shape, said)];
  });
}

/** Dofs are those of the member that has held-out frames: no other has the same dataset and control mode on this side. */
function namesOf({ mixture }: Plan): ActionErrorNames {
  const { datasets, controlModes, members } = mixture;
  return {
    datasets,
    controlModes,
    dofs: ({ dataset, controlMode }) => {
      const found = members.find(
        (member) =>
          member.dataset === dataset && member.controlMode === controlMode && frameCount(member.validation) > 0,
      );
      return (found?.embodiment.dofs ?? []).map((dof) => ({ name: dof.name, unit: ownUnit(dof) }));
    },
  };
}
