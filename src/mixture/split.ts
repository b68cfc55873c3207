import { stream } from "../graph/random.ts";
import { InputError } from "../input-error.ts";

/** Which episodes are trained on and which are held out, each ascending. */
export interface Split {
  readonly train: readonly number[];
  readonly validation: readonly number[];
}

/** The episodes that a run trained on and held out, by name of the member. */
export type StoredSplits = ReadonlyMap<string, Split>;

/**
 * Holds out the `n · ratio` episodes (rounded, at least one on each side) whose hash is smallest.
 *
 * The hash is a keyed random number of (seed, dataset, episode): neither rank, order, batch size nor the other datasets
 * change it, and an episode that is added moves few others.
 *
 * @param dataset its name
 * @param episodes in any order
 * @throws InputError if there are fewer than two episodes, or the ratio does not lie between 0 and 1
 */
export function splitEpisodes(seed: number, dataset: string, episodes: readonly number[], ratio: number): Split {
  if (episodes.length < 2)
    throw new InputError(
      `dataset "${dataset}": expected two episodes or more to hold some out, got ${episodes.length}; give it the role "train"`,
    );
  if (!(ratio > 0 && ratio < 1))
    throw new InputError(`dataset "${dataset}": expected a validation ratio between 0 and 1, got ${ratio}`);
  const hashes = stream(seed, "validation split", dataset);
  const ordered = episodes
    .map((episode) => ({ episode, hash: hashes.word(0, episode, 0, 0) }))
    .sort((a, b) => a.hash - b.hash || a.episode - b.episode)
    .map(({ episode }) => episode);
  const held = Math.min(episodes.length - 1, Math.max(1, Math.round(episodes.length * ratio)));
  const ascending = (a: number, b: number) => a - b;
  return { validation: ordered.slice(0, held).sort(ascending), train: ordered.slice(held).sort(ascending) };
}
