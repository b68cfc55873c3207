import type { Validation } from "../metric/group.ts";
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

/** The lower of the lowest loss so far and that of a validation, if it has one. */
export function better(best: Best | null, step: number, { aggregate }: Pick<Validation, "aggregate">): Best | null {
  const { loss } = aggregate;
  return loss !== null && (best === null || loss < best.loss) ? { step, loss } : best;
}
