import type { Stream } from "../graph/random.ts";

/** What a sample's random numbers are keyed by, beside the stream, which is named by seed, purpose and dataset. */
export interface SampleKey {
  readonly episode: number;
  readonly frame: number;
  /** How often the frame has been drawn before in training; which of several draws in validation. */
  readonly draw: number;
}

/** Room for dofs in a counter: the cell of step `t` and dof `d` is word `t · 4096 + d`. */
const dofsPerStep = 4096;

/**
 * Fills a row's noise in the slots of the robot's own dofs; other cells stay as they are.
 *
 * Keyed by the robot's own dof, not by the slot: more padding, or other slots, change no real cell.
 *
 * @param out   `[t d]` of one row
 * @param slots slot of each of the robot's dofs, in the robot's own order
 */
export function fillNoise(out: Float32Array, width: number, slots: readonly number[], from: NoiseSource): void {
  const { random, key } = from;
  for (let step = 0; step * width < out.length; step++)
    for (const [dof, slot] of slots.entries())
      out[step * width + slot] = random.normal(step * dofsPerStep + dof, key.frame, key.episode, key.draw);
}

export interface NoiseSource {
  /** A stream named for noise. */
  readonly random: Stream;
  readonly key: SampleKey;
}
