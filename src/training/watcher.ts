import type { WeightsValidation } from "../metric/group.ts";
import type { ObserverKind } from "./observer.ts";

/** What a run reports at each step. */
export interface Pulse {
  readonly step: number;
  readonly loss: number;
  /** Share of the time so far that was spent waiting for data. */
  readonly waitShare: number;
}

/** Who watches a policy train. */
export interface TrainWatcher {
  note(text: string): void;
  begun(step: number): void;
  pulse(pulse: Pulse): void;
  /** Told how many held-out samples are done, and of how many. */
  validating(samples: number, total: number): void;
  validated(step: number, validation: WeightsValidation): void;
  isStopped(): boolean;
  /** What the recipe may ask to be looked at while it trains: `audit.everySteps`, `rollout.everySteps`. */
  readonly observers: readonly ObserverKind[];
}

/** Nobody watches, and nobody stops it early. */
export const unwatched: TrainWatcher = {
  note: () => {},
  begun: () => {},
  pulse: () => {},
  validating: () => {},
  validated: () => {},
  isStopped: () => false,
  observers: [],
};
