import type { Entry } from "../embodiment/embodiment.ts";
import { HostArray } from "../graph/host-array.ts";
import { Padded } from "../validity/padded.ts";
import { Validity } from "../validity/validity.ts";

/** Times within an episode, in frames of the dataset; a time between two frames has a fraction. */
export interface Moments {
  readonly at: Float64Array;
  /** Whether the time lies between the episode's first and last frame. */
  readonly isReal: Uint8Array;
}

/** A stretch of an episode: `count` moments, `stride` frames apart. */
export interface Stretch {
  readonly from: number;
  readonly stride: number;
  readonly count: number;
  /** Frames of the episode. */
  readonly length: number;
}

/**
 * The moments of a stretch.
 *
 * A moment within a billionth of a frame is that frame: 3 · (30 / 10) frames are 9, not 8.999….
 */
export function moments({ from, stride, count, length }: Stretch): Moments {
  const at = Float64Array.from({ length: count }, (_, step) => {
    const time = from + step * stride;
    const frame = Math.round(time);
    return Math.abs(time - frame) < 1e-9 ? frame : time;
  });
  return { at, isReal: Uint8Array.from(at, (time) => (time >= 0 && time <= length - 1 ? 1 : 0)) };
}

/** The frame nearest to each moment, the later of two that are equally near. */
export function nearestFrames({ at }: Moments): number[] {
  return [...at].map((time) => Math.floor(time + 0.5));
}

/** Actions `[t d]` at the moments of their steps; see `resample`. */
export function actionWindow(rows: HostArray<"i j", "float64">, times: Moments, entries: readonly Entry[]) {
  const values = new HostArray("t d", [times.at.length, entries.length], "float64", resample(rows, times, entries));
  return Padded.of(values, Validity.of("t", [times.at.length], times.isReal));
}

/** States `[o s]` at the moments of their observation slots; see `resample`. */
export function stateWindow(rows: HostArray<"i j", "float64">, times: Moments, entries: readonly Entry[]) {
  const values = new HostArray("o s", [times.at.length, entries.length], "float64", resample(rows, times, entries));
  return Padded.of(values, Validity.of("o", [times.at.length], times.isReal));
}

/**
 * A vector at each real moment: linear between frames, a gripper as at the nearest frame; 0 where no frame is.
 *
 * Nothing is repeated past an episode's end: those steps do not exist.
 *
 * @param rows the vector at each frame of the episode
 */
function resample(
  rows: HostArray<"i j", "float64">,
  times: Moments,
  entries: readonly Entry[],
): Float64Array<ArrayBuffer> {
  const width = entries.length;
  const out = new Float64Array(times.at.length * width);
  const nearest = nearestFrames(times);
  for (const [step, time] of times.at.entries()) {
    if (times.isReal[step] === 0) continue;
    const before = Math.floor(time);
    const share = time - before;
    for (const [entry, { kind }] of entries.entries()) {
      const value = (frame: number) => rows.cells[frame * width + entry]!;
      const isExact = share === 0 || kind === "gripper";
      out[step * width + entry] = isExact
        ? value(nearest[step]!)
        : (1 - share) * value(before) + share * value(before + 1);
    }
  }
  return out;
}
