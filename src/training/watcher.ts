import type { WeightsValidation } from "../metric/group.ts";
import type { DataSummary } from "../recipe/data-summary.ts";
import type { ObserverKind } from "./observer.ts";

/** What is reported of each step of a run. */
export interface StepReport {
  readonly step: number;
  readonly loss: number;
  /** Share of the time so far that was spent waiting for data. */
  readonly waitShare: number;
}

/** Hears of a training as it goes on, and may stop it. */
export interface TrainWatcher {
  /** Told what is read of each dataset, before anything is computed. */
  opened(data: readonly DataSummary[]): void;
  note(text: string): void;
  begun(step: number): void;
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
  stepped: () => {},
  validating: () => {},
  validated: () => {},
  isStopped: () => false,
  observers: [],
};
