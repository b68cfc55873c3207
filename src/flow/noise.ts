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

/** Where a row's noise comes from. */
export interface NoiseSource {
  /** A stream named for noise. */
  readonly random: Stream;
  readonly key: SampleKey;
}

/**
 * Fills a row's noise in the slots of the robot's own dofs; other cells stay as they are.
 *
 * Keyed by the robot's own dof, not by the slot: more padding, or other slots, change no real cell.
 *
 * @param out    `[t d]` of one row
 * @param ownDof `[d]`: which of the robot's own dofs a slot holds, −1 where none
 */
export function fillNoise(out: Float32Array, ownDof: Int32Array, { random, key }: NoiseSource): void {
  const width = ownDof.length;
  for (let at = 0; at < out.length; at++) {
    const dof = ownDof[at % width]!;
    if (dof < 0) continue;
    const step = Math.floor(at / width);
    out[at] = random.normal(step * dofsPerStep + dof, key.frame, key.episode, key.draw);
  }
}
