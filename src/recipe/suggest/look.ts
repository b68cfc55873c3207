import type { Dataset, Episode } from "../../dataset/dataset.ts";
import { ranges } from "../../dataset/problem.ts";
import { InputError } from "../../input-error.ts";

/** What the rows of a dataset tell that its metadata does not. */
export interface Rows {
  /** Episodes that can be trained on, ascending. */
  readonly episodes: readonly Episode[];
  /** Episodes that cannot, and why. */
  readonly leftOut: readonly { readonly episode: number; readonly because: string }[];
  /** Every instruction that occurs in the episodes; empty where no row of the dataset has one. */
  readonly instructions: readonly string[];
}

/**
 * Reads the rows of every episode: which can be read, and what they are told to do. No picture is decoded.
 *
 * An episode whose instruction is missing is left out where others have theirs.
 *
 * @param columns whose numbers are needed
 * @param looked told after each episode
 * @throws InputError where no episode can be read, with the reasons
 */
export async function lookThrough(
  dataset: Dataset,
  columns: readonly string[],
  looked: (done: number, of: number) => void,
): Promise<Rows> {
  const read: { readonly episode: Episode; readonly told: ReadonlySet<string | null> }[] = [];
  const leftOut: { readonly episode: number; readonly because: string }[] = [];
  for (const [at, episode] of dataset.episodes.entries()) {
    try {
      const table = await dataset.table(episode.index);
      for (const key of columns) table.vector(key);
      read.push({ episode, told: new Set(table.tasks) });
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      leftOut.push({ episode: episode.index, because: error.message });
    }
    looked(at + 1, dataset.episodes.length);
  }
  if (read.length === 0)
    throw new InputError(`dataset "${dataset.name}": expected an episode that can be read, got ${reasons(leftOut)}`);
  const isToldNothing = read.every(({ told }) => [...told].every((text) => text === null));
  const usable = isToldNothing ? read : read.filter(({ told }) => !told.has(null));
  const silent = read.filter((one) => !usable.includes(one));
  if (usable.length === 0)
    throw new InputError(
      `dataset "${dataset.name}": expected an episode with an instruction in every row, got none; annotate them, or give the mapping a fixed prompt`,
    );
  return {
    episodes: usable.map(({ episode }) => episode),
    leftOut: [
      ...leftOut,
      ...silent.map(({ episode }) => ({ episode: episode.index, because: "rows without an instruction" })),
    ],
    instructions: [...new Set(usable.flatMap(({ told }) => [...told]))].filter((text) => text !== null),
  };
}

/** `3-5: rows without an instruction`, one for each reason. */
export function reasons(leftOut: Rows["leftOut"]): string {
  const groups = Map.groupBy(leftOut, ({ because }) => because);
  return [...groups]
    .map(([because, all]) => `${ranges(all.map(({ episode }) => episode))}: ${because}`)
    .slice(0, 3)
    .join("; ");
}
