import type { TrainingState } from "../optimizer/state.ts";

/** The lowest validation loss so far and the step whose weights gave it. */
export interface Best {
  readonly step: number;
  readonly loss: number;
}

/** Where training stands: what a checkpoint holds. */
export interface Standing {
  readonly state: TrainingState;
  readonly best: Best | null;
}
