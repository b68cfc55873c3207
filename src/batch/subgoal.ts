import type { EpisodeClock } from "../dataset/chunk.ts";
import { stream } from "../graph/random.ts";
import type { Member } from "../mixture/mixture.ts";
import type { Draw } from "../mixture/sampler.ts";

/** Which later frame of an episode shows what is to be reached. */
export interface SubgoalChoice {
  /** It lies at most so far ahead, and in the episode. */
  readonly seconds: number;
  /** Share of the samples that are shown the last frame that may be; the others are shown any from now to there. */
  readonly furthest: number;
  /** Share of the training samples that are shown none. */
  readonly dropout: number;
}

/** Of which run a choice is. */
export interface SubgoalPurpose {
  readonly seed: number;
  /** Only training shows some samples nothing. */
  readonly purpose: "train" | "validation";
}

/**
 * The frame that the sample of a draw is to reach; `null` where it is shown none.
 *
 * @param sample the draw, and the frames of its episode
 */
export function subgoalOf(
  choice: SubgoalChoice | undefined,
  { seed, purpose }: SubgoalPurpose,
  { datasetName, framesPerSecond }: Pick<Member, "datasetName" | "framesPerSecond">,
  { draw: { episode, frame, draw }, length }: { readonly draw: Draw; readonly length: number },
): number | null {
  if (choice === undefined) return null;
  const random = stream(seed, "subgoal", datasetName);
  const own = purpose === "validation" ? { ...choice, dropout: 0 } : choice;
  return subgoalFrame({ length, framesPerSecond }, frame, own, (at) => random.uniform(at, draw, frame, episode));
}

/**
 * The frame that a sample at `frame` is to reach; `null` where it is shown none.
 *
 * @param chance of a place, from 0 to below 1: place 0 decides whether, 1 whether the furthest, 2 which
 * @source OpenTau `lerobot_dataset.py` `_sample_subgoal_frame`, `_load_subgoal_frames`; an episode is one segment
 */
export function subgoalFrame(
  { length, framesPerSecond }: EpisodeClock,
  frame: number,
  { seconds, furthest, dropout }: SubgoalChoice,
  chance: (at: number) => number,
): number | null {
  if (chance(0) < dropout) return null;
  const last = Math.min(frame + Math.round(seconds * framesPerSecond), length - 1);
  return chance(1) < furthest ? last : frame + Math.floor(chance(2) * (last - frame + 1));
}
