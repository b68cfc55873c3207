import type { WeightsValidation } from "../metric/group.ts";
import type { DataSummary } from "../recipe/data-summary.ts";
import type { RunEvent } from "./event-log.ts";
import type { MemoryPlan } from "./memory-plan.ts";
import type { ObserverKind } from "./observer.ts";
import type { ShapePlan } from "./shape-plan.ts";

/** What is reported of each step of a run. */
export interface StepReport {
  readonly step: number;
  readonly loss: number;
  /** Share of the time so far that was spent waiting for data. */
  readonly waitShare: number;
}

/** Hears of a training as it goes on, and may stop it. */
export interface TrainWatcher {
  /** Told what is read of each dataset, in which shapes that may be computed, and what memory that takes of a rank, before anything is. */
  opened(data: readonly DataSummary[], shapes: ShapePlan, memory: MemoryPlan): void;
  note(text: string): void;
  /** Told the step that training goes on from, once the run's folder is there and its events are those up to this step; waited for. */
  begun(step: number): void | Promise<void>;
  /** Told each line of `events.jsonl` and `times.jsonl` once it is written, at the rank that writes them. */
  logged(line: RunEvent): void;
  stepped(report: StepReport): void;
  /** Told how many held-out samples are done, and of how many. */
  validating(samples: number, total: number): void;
  validated(step: number, validation: WeightsValidation): void;
  isStopped(): boolean;
  /** Observers that the recipe may ask for by `audit.everySteps` and `rollout.everySteps`. */
  readonly observers: readonly ObserverKind[];
}

/** A watcher that does nothing and stops nothing. */
export const unwatched: TrainWatcher = {
  opened: () => {},
  note: () => {},
  begun: () => {},
  logged: () => {},
  stepped: () => {},
  validating: () => {},
  validated: () => {},
  isStopped: () => false,
  observers: [],
};
