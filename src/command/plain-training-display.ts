import type { WeightsValidation } from "../metric/group.ts";
import type { StepRollout } from "../serving/observer.ts";
import type { StepReport } from "../training/watcher.ts";
import { Progress, percent, significant } from "./progress.ts";
import type { TrainingDisplay, TrainingDisplayOptions } from "./training-display.ts";
import { validationLines } from "./validation-table.ts";

/** A training in a file or a program: lines over the steps, over the samples of a validation, over rollouts, and notes. */
export class PlainTrainingDisplay implements TrainingDisplay {
  readonly #options: TrainingDisplayOptions;
  #steps: Progress | null = null;
  #samples: Progress | null = null;
  #episodes: Progress | null = null;

  constructor(options: TrainingDisplayOptions) {
    this.#options = options;
  }

  note(text: string): void {
    const bar = this.#samples ?? this.#episodes ?? this.#steps;
    if (bar === null) this.#options.screen.write(`${text}\n`);
    else bar.note(text);
  }

  begun(step: number): void {
    this.#steps = new Progress({ ...this.#options, label: "train", unit: "step", done: step });
  }

  logged(): void {}

  stepped({ step, loss, waitShare }: StepReport): void {
    this.#steps?.update(step, { loss: significant(loss), wait: `${Math.round(100 * waitShare)}%` });
  }

  validating(samples: number, total: number): void {
    if (this.#samples === null) this.#steps?.hide();
    this.#samples ??= new Progress({ ...this.#options, label: "validate", unit: "sample", total, done: samples });
    this.#samples.update(samples, {});
  }

  validated(step: number, validation: WeightsValidation): void {
    this.#samples?.hide();
    this.#samples = null;
    const columns = this.#options.screen.columns ?? 80;
    for (const line of validationLines(step, validation, columns)) this.note(line);
    // What a step takes is not to be seen in the validation before the first.
    if (step === 0) this.#steps?.restartRate();
  }

  rollingOut(episodes: number, total: number): void {
    if (this.#episodes === null) this.#steps?.hide();
    this.#episodes ??= new Progress({ ...this.#options, label: "rollout", unit: "episode", total, done: 0 });
    this.#episodes.update(episodes, {});
  }

  rolledOut(step: number, rollouts: readonly StepRollout[]): void {
    this.#episodes?.hide();
    this.#episodes = null;
    for (const rollout of rollouts) this.note(rolloutLine(step, rollout));
  }

  finish(): void {
    this.#steps?.finish();
  }

  /** Makes way for an error. */
  hide(): void {
    this.#samples?.hide();
    this.#episodes?.hide();
    this.#steps?.hide();
  }
}

/** What a rollout found, in a line. */
export function rolloutLine(step: number, { robot, episodes, successes, successRate, interval }: StepRollout): string {
  const [low, high] = interval.map(percent);
  return `step ${step}  ${robot}: ${successes} of ${episodes} succeeded, ${percent(successRate)} (95 % interval ${low} to ${high})`;
}
