import type { Validation } from "../metric/group.ts";
import type { RunState } from "./run-state.ts";

/** The lowest validation loss so far and the step whose weights gave it. */
export interface BestValidation {
  readonly step: number;
  readonly loss: number;
}

/** What a checkpoint holds of training: the optimizer's state and the best validation so far. */
export interface TrainingProgress {
  readonly state: RunState;
  readonly best: BestValidation | null;
}

/** The lower of the lowest loss so far and that of a validation, if it has one. */
export function better(
  best: BestValidation | null,
  step: number,
  { aggregate }: Pick<Validation, "aggregate">,
): BestValidation | null {
  const { loss } = aggregate;
  return loss !== null && (best === null || loss < best.loss) ? { step, loss } : best;
}
