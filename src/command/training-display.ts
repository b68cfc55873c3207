import type { RolloutDisplay } from "../serving/observer.ts";
import type { TrainWatcher } from "../training/watcher.ts";
import type { Screen } from "./terminal.ts";

export interface TrainingDisplayOptions {
  readonly screen: Screen;
  /** The step to stop at. */
  readonly total: number;
  /** Samples of a step. */
  readonly batchSize: number;
  /** A clock that never goes back, in milliseconds. */
  readonly now: () => number;
}

/** What a person sees while a policy trains. */
export interface TrainingDisplay
  extends RolloutDisplay,
    Pick<TrainWatcher, "note" | "logged" | "stepped" | "validating" | "validated"> {
  begun(step: number): void;
  /** Ends it, and leaves what it was at the end. */
  finish(): void;
  /** Makes way for an error. */
  hide(): void;
}
