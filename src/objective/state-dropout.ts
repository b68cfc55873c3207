import type { Batch } from "../batch/batch.ts";
import { zeros } from "../graph/host-array.ts";
import type { Draws } from "./target.ts";

/**
 * `[b]`: whose state the policy knows. What is dropped follows from the sample and how often it was drawn, wherever its row stands; of a
 * filler row, nothing is known.
 *
 * @param share of the samples whose state is dropped
 * @source GR00T N1.7 `state_dropout_prob`
 */
export function keptStates({ facts: { rowReal } }: Batch, draws: Draws, share: number) {
  const [rows = 0] = rowReal.shape;
  const kept = zeros("b", [rows], "bool");
  for (let row = 0; row < rows; row++) {
    if (!rowReal.isReal(row)) continue;
    const { frame, episode, draw } = draws.key(row);
    kept.cells[row] = draws.stream("state drop-out", row).uniform(0, frame, episode, draw) < share ? 0 : 1;
  }
  return kept;
}
