import type { Episode } from "../dataset/dataset.ts";
import { ranges } from "../dataset/problem.ts";
import { InputError } from "../input-error.ts";
import { type Split, splitEpisodes } from "./split.ts";

/** Whether a dataset is trained on, held out, or split by episodes. */
export type Role = "train" | "validation" | "both";

/** The episodes of a dataset by what becomes of them. */
export interface Sides {
  readonly train: readonly Episode[];
  readonly validation: readonly Episode[];
}

/** What of an entry of a mixture decides on the sides of its episodes. */
export interface Sided {
  readonly name: string;
  readonly role: Role;
  /** Share of the episodes held out where the role is "both". */
  readonly validationRatio: number;
}

/**
 * Which episodes are trained on and which are held out.
 *
 * @param stored how a run split them: what the dataset has grown by since is on neither side
 * @throws InputError where the run held out none, or one that is not there any more
 */
export function sidesOf(
  { name, role, validationRatio }: Sided,
  episodes: readonly Episode[],
  { seed, stored }: { readonly seed: number; readonly stored: Split | null },
): Sides {
  const chosen = (side: readonly number[]) => {
    const wanted = new Set(side);
    return episodes.filter((episode) => wanted.has(episode.index));
  };
  const indices = episodes.map((episode) => episode.index);
  switch (role) {
    case "train":
      return { train: stored === null ? episodes : chosen(stored.train), validation: [] };
    case "validation": {
      // A dataset that was trained on and is held out now is looked at whole: the recipe says so.
      if (stored === null || stored.train.length > 0) return { train: [], validation: episodes };
      return { train: [], validation: chosen(heldOut(name, stored, indices)) };
    }
    case "both": {
      if (stored !== null) return { train: chosen(stored.train), validation: chosen(heldOut(name, stored, indices)) };
      const { train, validation } = splitEpisodes(seed, name, indices, validationRatio);
      return { train: chosen(train), validation: chosen(validation) };
    }
  }
}

/** @throws InputError where a run held out none of the episodes, or one that is not there */
function heldOut(name: string, { validation }: Split, here: readonly number[]): readonly number[] {
  if (validation.length === 0)
    throw new InputError(
      `dataset "${name}": expected a dataset of which the run held episodes out, got one that it trained on as a whole; ` +
        'give it the role "validation" to look at what was trained on',
    );
  const known = new Set(here);
  const missing = validation.filter((episode) => !known.has(episode));
  if (missing.length > 0)
    throw new InputError(
      `dataset "${name}": expected the episodes that the run held out, got none of ${ranges(missing)}; put them back`,
    );
  return validation;
}
