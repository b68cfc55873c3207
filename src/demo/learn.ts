import type { ValidatedStep } from "../dashboard/demo-story.ts";
import { aloneWorld } from "../ranks/open-world.ts";
import type { Recipe } from "../recipe/schema.ts";
import { trainPolicy } from "../training/train.ts";
import { type TrainWatcher, unwatched } from "../training/watcher.ts";
import type { TrainingBar } from "./phases.ts";

export interface Lesson {
  readonly recipe: Recipe;
  /** The run's folder. */
  readonly folder: string;
  readonly cache: string;
  readonly isStopped: () => boolean;
}

/** Trains the policy of a recipe to its end, as `armature train` does, and keeps what it validated. */
export async function learn(
  { recipe, folder, cache, isStopped }: Lesson,
  display: TrainingBar,
): Promise<ValidatedStep[]> {
  const until = recipe.optimizer.steps;
  const validations: ValidatedStep[] = [];
  const watcher: TrainWatcher = {
    ...unwatched,
    note: (text) => display.note(text),
    begun: (step) => display.begun(step),
    logged: (line) => display.logged(line),
    isStopped,
    stepped: (report) => display.stepped(report),
    validating: (samples, total) => display.validating(samples, total),
    validated: (step, validation) => {
      validations.push({ step, validation });
      display.validated(step, validation);
    },
  };
  const start = { kind: "new" } as const;
  try {
    await trainPolicy({ recipe, folder, start, until, cache, world: await aloneWorld() }, watcher);
    display.finish();
    return validations;
  } catch (error) {
    display.hide();
    throw error;
  }
}
