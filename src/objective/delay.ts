import type { Batch } from "../batch/batch.ts";
import { Validity } from "../validity/validity.ts";
import type { Draws } from "./target.ts";

/**
 * Steps that the policy is asked for. Those before them, from none to `maxDelay` of each sample's first, are given to it: a robot is
 * carrying them out while it waits for its answer.
 *
 * How many they are follows from the sample and how often it was drawn, wherever its row stands, and not from how soon its episode
 * ends: a number that was cut to fit would tell the policy. Steps past the end are among them and do not exist, as elsewhere; a sample
 * whose steps are all given teaches nothing at that draw.
 *
 * @source OpenTau `modeling_pi05.py` `forward` (`max_delay`); "Training-time action conditioning" (arXiv:2512.05964)
 */
export function askedSteps(
  { facts: { stepReal, rowReal } }: Pick<Batch, "facts">,
  draws: Draws,
  maxDelay: number,
): Validity<"b t"> {
  const [rows = 0, steps = 0] = stepReal.shape;
  const bits = new Uint8Array(rows * steps).fill(1);
  for (let row = 0; row < rows && maxDelay > 0; row++) {
    if (!rowReal.isReal(row)) continue;
    const { frame, episode, draw } = draws.key(row);
    const delay = Math.floor((maxDelay + 1) * draws.stream("delay", row).uniform(0, frame, episode, draw));
    bits.fill(0, row * steps, row * steps + Math.min(delay, steps));
  }
  return Validity.of("b t", [rows, steps], bits);
}
