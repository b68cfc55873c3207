import { requireDevice } from "../graph/runtime/device.ts";
import type { Validation } from "../metric/group.ts";
import type { TrainingState } from "../optimizer/state.ts";
import { beginRun, checkStart, type Start } from "./begin.ts";
import { type LoopResult, type Pulse, runLoop } from "./loop.ts";
import { groupNamesOf } from "./plan.ts";
import type { Recipe } from "./recipe.ts";
import { Run } from "./run.ts";

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
}

/** Who watches. */
export interface TrainWatcher {
  note(text: string): void;
  begun(step: number): void;
  pulse(pulse: Pulse): void;
  validated(step: number, validation: Validation): void;
  isStopped(): boolean;
}

/** Nobody watches, and nobody stops it early. */
export const unwatched: TrainWatcher = {
  note: () => {},
  begun: () => {},
  pulse: () => {},
  validated: () => {},
  isStopped: () => false,
};

/**
 * Trains a policy and leaves a run: recipe, events, checkpoints.
 *
 * @throws InputError for a mistake in recipe, data or folder, or where the loss is no longer finite; checkpoints stay
 */
export async function train(request: TrainRequest, watcher: TrainWatcher): Promise<LoopResult> {
  const { recipe, folder, start, until } = request;
  await checkStart(folder, recipe, start);
  requireDevice(recipe.device);
  const run = await Run.open(recipe, request.cache);
  try {
    const begun = await beginRun(folder, run.plan, start, run.parameters);
    try {
      for (const note of begun.notes) watcher.note(note);
      const { standing } = begun;
      const from = standing.state.step;
      const batches = run.stepBatches(from, until);
      const trainer = await run.trainer;
      // Resumed before its first checkpoint, a run would otherwise begin with other weights.
      if (start.kind === "init") await run.save(folder, standing);
      watcher.begun(from);
      return await runLoop(
        {
          recipe,
          trainer,
          names: groupNamesOf(run.plan),
          events: begun.events,
          batches,
          validate: (state: TrainingState) => run.validate(state, () => {}),
          save: async (now) => {
            begun.events.sync();
            await run.save(folder, now);
          },
          pulse: (pulse) => watcher.pulse(pulse),
          validated: (step, validation) => watcher.validated(step, validation),
          isStopped: () => watcher.isStopped(),
        },
        standing,
        until,
      );
    } finally {
      begun.events.close();
    }
  } finally {
    await run.close();
  }
}
