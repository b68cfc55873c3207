import type { WeightsValidation } from "../metric/group.ts";
import type { TrainingState } from "../optimizer/state.ts";
import type { World } from "../ranks/world.ts";
import { type Begun, beginRun, checkStart, newState, type Start } from "./begin.ts";
import { type LoopParts, type LoopResult, type Pulse, runLoop } from "./loop.ts";
import { standingOfRank0 } from "./over-ranks.ts";
import { groupNamesOf, termsOf } from "./plan.ts";
import type { Recipe } from "./recipe.ts";
import { Run } from "./run.ts";
import { type OpenStepAudit, refuseStepAudit, type StepAudit } from "./step-audit.ts";
import { type OpenStepRollouts, refuseStepRollouts, type StepRollout, type StepRollouts } from "./step-rollouts.ts";
import type { StepShare, Trainer } from "./trainer.ts";
import { actingWeights } from "./weights.ts";

/** What to train, where it goes, and when to stop. */
export interface TrainRequest {
  readonly recipe: Recipe;
  /** The run's folder. */
  readonly folder: string;
  readonly start: Start;
  /** Step to stop at; the schedule keeps the recipe's length. */
  readonly until: number;
  /** Folder for measured statistics. */
  readonly cache: string;
  readonly world: World;
}

/** Who watches. */
export interface TrainWatcher {
  note(text: string): void;
  begun(step: number): void;
  pulse(pulse: Pulse): void;
  /** Told how many held-out samples are done, and of how many. */
  validating(samples: number, total: number): void;
  validated(step: number, validation: WeightsValidation): void;
  /** Told how many episodes of a rollout are done, and of how many. */
  rollingOut(episodes: number, total: number): void;
  rolledOut(step: number, rollouts: readonly StepRollout[]): void;
  isStopped(): boolean;
  /** For `audit.everySteps`. */
  readonly openAudit: OpenStepAudit;
  /** For `rollout.everySteps`. */
  readonly openRollouts: OpenStepRollouts;
}

/** Nobody watches, and nobody stops it early. */
export const unwatched: TrainWatcher = {
  note: () => {},
  begun: () => {},
  pulse: () => {},
  validating: () => {},
  validated: () => {},
  rollingOut: () => {},
  rolledOut: () => {},
  isStopped: () => false,
  openAudit: refuseStepAudit,
  openRollouts: refuseStepRollouts,
};

/**
 * Trains a policy and leaves a run: recipe, events, checkpoints.
 *
 * @throws InputError for a mistake in recipe, data or folder, where the loss is no longer finite, or padding leaks; checkpoints stay
 */
export async function train(request: TrainRequest, watcher: TrainWatcher): Promise<LoopResult> {
  const { recipe, folder, start, until, world } = request;
  if (world.rank === 0) await checkStart(folder, recipe, start);
  const run = await Run.open(recipe, request.cache, world);
  let audit: StepAudit | null = null;
  try {
    audit = recipe.audit.everySteps > 0 ? await watcher.openAudit(run.plan) : null;
    const rollouts = rolls(request) ? watcher.openRollouts(run.plan) : null;
    const begun = world.rank === 0 ? await beginRun(folder, run.plan, start, run.parameters) : null;
    try {
      for (const note of begun?.notes ?? []) watcher.note(note);
      const fresh = () => ({ state: newState(recipe, run.parameters), best: null });
      const standing = await standingOfRank0(world, begun?.standing ?? null, fresh);
      const shares = run.stepShares(standing.state.step, until);
      const opened = { run, trainer: await run.trainer, begun, shares, audit, rollouts };
      // Resumed before its first checkpoint, a run would otherwise begin with other weights.
      if (start.kind === "init" && world.rank === 0) await run.save(folder, standing);
      watcher.begun(standing.state.step);
      return await runLoop(partsOf(opened, request, watcher), standing, until);
    } finally {
      begun?.events.close();
    }
  } finally {
    await audit?.close();
    await run.close();
  }
}

/** Whether this rank is the one that plays, where the recipe asks for rollouts. */
function rolls({ recipe, world }: TrainRequest): boolean {
  return world.rank === 0 && (recipe.rollout?.everySteps ?? 0) > 0;
}

/** What is open while a policy trains. */
interface Opened {
  readonly run: Run;
  readonly trainer: Trainer;
  /** Of rank 0; the others write nothing. */
  readonly begun: Begun | null;
  readonly shares: () => Promise<StepShare>;
  readonly audit: StepAudit | null;
  readonly rollouts: StepRollouts | null;
}

function partsOf(
  { run, trainer, begun, shares, audit, rollouts }: Opened,
  { recipe, folder, world }: TrainRequest,
  watcher: TrainWatcher,
): LoopParts {
  return {
    recipe,
    trainer,
    names: groupNamesOf(run.plan),
    terms: termsOf(run.plan),
    events: begun?.events ?? { append: () => {} },
    shares,
    waitedMs: () => run.waitedMs,
    validate: (state: TrainingState) => run.validate(state, (samples, total) => watcher.validating(samples, total)),
    agree: (state) => run.agree(state),
    save: async (standing) => {
      begun?.events.sync();
      if (world.rank === 0) await run.save(folder, standing);
    },
    leaks: async ({ parameters }) => (await audit?.leaks(parameters)) ?? [],
    rollOut: async (state) => {
      if (rollouts === null) return [];
      const weights = actingWeights(state, recipe.validation.weights);
      const seen = (episodes: number, total: number) => watcher.rollingOut(episodes, total);
      const found = await rollouts.play(weights, state.step, seen);
      watcher.rolledOut(state.step, found);
      return found;
    },
    pulse: (pulse) => watcher.pulse(pulse),
    validated: (step, validation) => watcher.validated(step, validation),
    isStopped: () => world.any("stop", watcher.isStopped()),
  };
}
