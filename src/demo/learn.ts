import type { Screen } from "../command/terminal.ts";
import { TrainingDisplay } from "../command/training-display.ts";
import type { LearningCurves } from "../dashboard/demo-story.ts";
import type { WeightsValidation } from "../metric/group.ts";
import { aloneWorld } from "../ranks/open-world.ts";
import type { Pulse } from "../training/loop.ts";
import type { Recipe } from "../training/recipe.ts";
import { train, unwatched } from "../training/train.ts";

export interface Lesson {
  readonly recipe: Recipe;
  /** The run's folder. */
  readonly folder: string;
  readonly cache: string;
  readonly isStopped: () => boolean;
}

/** Trains the policy of a recipe to its end, as `armature train` does, and keeps how its losses went. */
export async function learn({ recipe, folder, cache, isStopped }: Lesson, screen: Screen): Promise<LearningCurves> {
  const until = recipe.optimizer.steps;
  const display = new TrainingDisplay({ screen, total: until, now: () => performance.now() });
  const steps: LearningCurves["steps"][number][] = [];
  const validations: LearningCurves["validations"][number][] = [];
  const watcher = {
    ...unwatched,
    ...{ note: (text: string) => display.note(text), begun: (step: number) => display.begun(step), isStopped },
    pulse: (pulse: Pulse) => {
      steps.push({ step: pulse.step, loss: pulse.loss });
      display.pulse(pulse);
    },
    validating: (samples: number, total: number) => display.validating(samples, total),
    validated: (step: number, validation: WeightsValidation) => {
      validations.push({ step, validation });
      display.validated(step, validation);
    },
  };
  const start = { kind: "new" } as const;
  try {
    await train({ recipe, folder, start, until, cache, world: await aloneWorld() }, watcher);
    display.finish();
    return { steps, validations };
  } catch (error) {
    display.hide();
    throw error;
  }
}
