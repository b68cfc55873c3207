import type { Dataset } from "../dataset/dataset.ts";
import { ranges } from "../dataset/problem.ts";
import type { EpisodeSpan } from "../dataset/trimmed.ts";
import type { Embodiment } from "../embodiment/embodiment.ts";
import { type Trajectory, trajectory } from "../embodiment/window.ts";
import type { HostArray } from "../graph/host-array.ts";
import { InputError } from "../input-error.ts";

/**
 * How idle frames at the ends of episodes are trimmed: those during which no entry of the action or the state moves.
 *
 * Thresholds are in the units of the recording, so that what is cut from an episode depends on that episode alone: neither on the
 * others nor on which of them are held out.
 */
export interface TrimIdle {
  /** An entry moves where it is further than this from where it stands at the episode's end in question; or by name, for those that are looked at. */
  readonly below: number | Readonly<Record<string, number>>;
  /** Idle frames that stay at each end, 1 or more: the robot starts and ends at rest. */
  readonly keep: number;
}

/** How many frames were trimmed, of how many, in how many episodes. */
export interface TrimmedCount {
  readonly frames: number;
  readonly of: number;
  readonly episodes: number;
}

/**
 * The frames of each episode of a dataset that are left when idle ones at its ends are trimmed.
 *
 * @throws InputError where episodes never move, with all of them, or a threshold names no entry
 */
export async function movingSpans(dataset: Dataset, embodiment: Embodiment, trim: TrimIdle): Promise<EpisodeSpan[]> {
  const spans: EpisodeSpan[] = [];
  const resting: number[] = [];
  for (const { index: episode } of dataset.episodes) {
    const path = trajectory(await dataset.table(episode), embodiment, dataset.framesPerSecond);
    const span = movingSpan(path, thresholdsOf(dataset.name, embodiment, trim), trim.keep);
    if (span === null) resting.push(episode);
    else spans.push({ episode, ...span });
  }
  if (resting.length > 0) throw new InputError(`dataset "${dataset.name}": ${restingProblem(resting)}`);
  return spans;
}

/** What is said of episodes that never move. */
export function restingProblem(episodes: readonly number[]): string {
  const found = `episode${episodes.length === 1 ? "" : "s"} ${ranges(episodes)}`;
  return `expected episodes that move by more than trimIdle.below, got ${found} in which nothing does; leave them out, or lower it`;
}

/** Thresholds of the entries of the action and of the state, in their order; infinite for those that are not looked at. */
export interface IdleThresholds {
  readonly action: readonly number[];
  readonly state: readonly number[];
}

/** @throws InputError where a threshold names no entry */
export function thresholdsOf(name: string, { dofs, states }: Embodiment, { below }: TrimIdle): IdleThresholds {
  if (typeof below === "number") return { action: dofs.map(() => below), state: states.map(() => below) };
  const known = [...new Set([...dofs, ...states].map((entry) => entry.name))];
  const strangers = Object.keys(below).filter((entry) => !known.includes(entry));
  if (strangers.length > 0)
    throw new InputError(
      `dataset "${name}": trimIdle.below: expected entries of the action or the state (${known.join(", ")}), got ${strangers.join(", ")}`,
    );
  const by = (entry: { readonly name: string }) =>
    Object.hasOwn(below, entry.name) ? below[entry.name]! : Number.POSITIVE_INFINITY;
  return { action: dofs.map(by), state: states.map(by) };
}

/**
 * The frames of an episode from `keep` before the first in which something moves to `keep` behind the last; `null` where nothing does.
 *
 * Distances are from the first frame at the start and from the last at the end, not between one frame and the next: a slow motion
 * is one, and how many frames a second has does not matter.
 */
export function movingSpan(
  { actions, states }: Pick<Trajectory, "actions" | "states">,
  { action, state }: IdleThresholds,
  keep: number,
): Omit<EpisodeSpan, "episode"> | null {
  const length = actions.shape[0]!;
  const isAway = (frame: number, from: number) =>
    isApart(actions, action, frame, from) || isApart(states, state, frame, from);
  let moved = 1;
  while (moved < length && !isAway(moved, 0)) moved++;
  if (moved >= length) return null;
  let moving = length - 2;
  while (moving >= 0 && !isAway(moving, length - 1)) moving--;
  const first = Math.max(0, moved - keep);
  // A motion that came to nothing, or was one jump, ends where it began.
  const last = Math.min(length - 1, Math.max(moving + keep, moved + keep - 1));
  return { first, length: last - first + 1 };
}

/** Whether an entry of two frames differs by more than its threshold. */
function isApart(values: HostArray<"i j", "float64">, thresholds: readonly number[], frame: number, from: number) {
  const width = thresholds.length;
  return thresholds.some(
    (threshold, entry) =>
      Math.abs(values.cells[frame * width + entry]! - values.cells[from * width + entry]!) > threshold,
  );
}

/** What spans leave out of the episodes of a dataset before it was trimmed. */
export function trimmedCount({ episodes }: Pick<Dataset, "episodes">, spans: readonly EpisodeSpan[]): TrimmedCount {
  const lengths = new Map(spans.map(({ episode, length }) => [episode, length]));
  const lost = episodes.map(({ index, length }) => length - (lengths.get(index) ?? length));
  return {
    frames: lost.reduce((sum, frames) => sum + frames, 0),
    of: episodes.reduce((sum, { length }) => sum + length, 0),
    episodes: lost.filter((frames) => frames > 0).length,
  };
}
