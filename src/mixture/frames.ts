import type { Episode } from "../dataset/dataset.ts";

/** The frames of some episodes, numbered through: plain data. */
export interface Frames {
  /** Index of each episode. */
  readonly episodes: readonly number[];
  /** Number of the first frame of each episode, and one more: how many frames there are. */
  readonly starts: readonly number[];
}

/** The frames of episodes, in the order given, less so many at the end of each. */
export function framesOf(episodes: readonly Episode[], leftOut: number): Frames {
  const starts = [0];
  for (const { length } of episodes) starts.push(starts.at(-1)! + Math.max(0, length - leftOut));
  return { episodes: episodes.map((episode) => episode.index), starts };
}

/** How many frames there are. */
export function frameCount(frames: Frames): number {
  return frames.starts.at(-1)!;
}

/**
 * The episode, and the frame within it, that a number stands for.
 *
 * @throws RangeError if there is no such frame
 */
export function locate(frames: Frames, number: number): { episode: number; frame: number } {
  if (!Number.isInteger(number) || number < 0 || number >= frameCount(frames))
    throw new RangeError(`locate: expected a frame below ${frameCount(frames)}, got ${number}`);
  let [low, high] = [0, frames.episodes.length];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (frames.starts[middle]! <= number) low = middle;
    else high = middle;
  }
  // An episode of no frames starts where the next does; the search ends at the last of them, which has the frame.
  return { episode: frames.episodes[low]!, frame: number - frames.starts[low]! };
}
