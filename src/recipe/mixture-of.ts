import { InputError } from "../input-error.ts";
import type { MixtureDescription } from "../mixture/mixture.ts";
import { below } from "./data-schema.ts";
import type { Recipe } from "./schema.ts";

/**
 * The mixture that a recipe trains on.
 *
 * @throws InputError where it has no datasets
 */
export function mixtureOf({ name, seed, data, policy, conventions, validation }: Recipe): MixtureDescription {
  if (data.datasets.length === 0)
    throw new InputError(
      `recipe "${name}": expected datasets, got none, as its weights were imported without; ` +
        "import them again with --data DATASET, or begin a run of another recipe with --init",
    );
  const { root, datasets, pictureMemoryBytes, onProblem, repeatedEpisodes } = data;
  const entries = datasets.map((dataset) => ({
    ...dataset,
    source: below(root, dataset.source),
    validationRatio: validation.ratio,
  }));
  const inside = { steps: policy.actionHorizon, rate: data.rate };
  const windows = conventions.pastEnd === "inside" ? inside : "every";
  return { seed, views: policy.views, windows, entries, pictureMemoryBytes, onProblem, repeatedEpisodes };
}
