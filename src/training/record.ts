import type { Term } from "../loss/reduction.ts";
import {
  type GroupNames,
  groupErrors,
  type SampleError,
  type Validation,
  type WeightsValidation,
} from "../metric/group.ts";
import type { DataSummary } from "../recipe/data-summary.ts";
import type { MemoryPlan } from "./memory-plan.ts";
import type { TrainingProgress } from "./progress.ts";

/** A validation, its step and how long it took. */
export interface StepValidation extends WeightsValidation {
  readonly step: number;
  readonly seconds: number;
}

/** The result of a training. */
export interface TrainResult extends TrainingProgress {
  readonly seconds: number;
  readonly waitedSeconds: number;
  /** Loss of the last step, and the errors of the last steps by dataset and control mode. */
  readonly loss: number | null;
  readonly recent: Validation;
  /** The first and the last validation of this start. */
  readonly initialValidation: StepValidation | null;
  readonly validation: StepValidation | null;
  /** Steps of this start. */
  readonly stepsDone: number;
  readonly isInterrupted: boolean;
  /** What was read of each dataset. */
  readonly data: readonly DataSummary[];
  readonly memory: RunMemory;
}

/** What a run took of memory. */
export interface RunMemory {
  /** As it was expected of each rank. */
  readonly expected: MemoryPlan;
  /** The most that each rank's process had, in bytes; of what its process did before as well. */
  readonly most: readonly number[];
}

/** Steps whose samples make up the losses by dataset that a run ends with. */
const recentSteps = 20;

/** Losses, validations and times of a training, for its result. No number of the training depends on it. */
export class TrainingRecord {
  readonly #began = performance.now();
  readonly #from: number;
  readonly #validations: StepValidation[] = [];
  readonly #errors: (readonly SampleError[])[] = [];
  #loss: number | null = null;

  /** @param from step at which it starts */
  constructor(from: number) {
    this.#from = from;
  }

  get seconds(): number {
    return (performance.now() - this.#began) / 1000;
  }

  step(loss: number, errors: readonly SampleError[]): void {
    this.#loss = loss;
    this.#errors.push(errors);
    if (this.#errors.length > recentSteps) this.#errors.shift();
  }

  validated(validation: StepValidation): void {
    this.#validations.push(validation);
  }

  result(progress: TrainingProgress, { until, waitedMs, terms, names, data, memory }: ResultParts): TrainResult {
    return {
      ...progress,
      seconds: this.seconds,
      waitedSeconds: waitedMs / 1000,
      loss: this.#loss,
      recent: groupErrors(this.#errors.flat(), terms, names),
      initialValidation: this.#validations[0] ?? null,
      validation: this.#validations.at(-1) ?? null,
      stepsDone: progress.state.step - this.#from,
      isInterrupted: progress.state.step < until,
      data,
      memory,
    };
  }
}

/** What a result is made from, beside what was recorded. */
export interface ResultParts {
  readonly until: number;
  readonly waitedMs: number;
  readonly terms: readonly Term[];
  readonly names: GroupNames;
  readonly data: readonly DataSummary[];
  readonly memory: RunMemory;
}
