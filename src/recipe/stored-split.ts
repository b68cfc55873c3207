import type { Manifest } from "../checkpoint/manifest.ts";
import { InputError } from "../input-error.ts";
import type { Mixture } from "../mixture/mixture.ts";
import type { Split, StoredSplits } from "../mixture/split.ts";
import type { Recipe } from "./schema.ts";

/**
 * The episodes that a run trained on and held out, by name of the member: a dataset may have grown since.
 *
 * @param recipe under which the weights are looked at now
 * @throws InputError where the recipe asks for another share of held-out episodes, some of which were trained on
 */
export function storedSplits(
  { members, recipe: own }: Pick<Manifest, "members" | "recipe">,
  recipe: Recipe,
): StoredSplits {
  const splits = new Map<string, Split>();
  for (const { name, episodes } of members) {
    if (episodes === undefined) continue;
    const { train, validation } = splits.get(name) ?? { train: [], validation: [] };
    splits.set(name, {
      train: [...train, ...episodes.train],
      validation: [...validation, ...episodes.validation],
    });
  }
  const { ratio } = recipe.validation;
  const ownRatio =
    own.validation !== null && typeof own.validation === "object" && Reflect.get(own.validation, "ratio");
  if (splits.size > 0 && ownRatio !== ratio)
    throw new InputError(
      `validation.ratio: expected ${ownRatio}, by which the run chose the episodes that it holds out, got ${ratio}`,
    );
  return splits;
}

/**
 * Whether a mixture trains on and holds out the episodes that a run began with.
 *
 * @throws InputError naming the first member that does not
 */
export function checkSplits(folder: string, splits: StoredSplits, { members }: Mixture): void {
  for (const { name, train, validation } of members) {
    const stored = splits.get(name);
    if (stored === undefined) continue;
    const strangers = (episodes: readonly number[], own: readonly number[]) =>
      episodes.filter((episode) => !own.includes(episode));
    const other = [...strangers(train.episodes, stored.train), ...strangers(validation.episodes, stored.validation)];
    if (other.length > 0)
      throw new InputError(
        `${folder}: expected the episodes of "${name}" that the run began with, got episode ${other[0]} among those ` +
          "that it did not train on or hold out so; put the data back, or begin a new run with --init",
      );
  }
}
