import { readManifest, readWeights } from "../checkpoint/checkpoint.ts";
import { checkConventions } from "../checkpoint/conventions.ts";
import { latestCheckpoint } from "../checkpoint/store.ts";
import { InputError } from "../input-error.ts";
import type { Validation } from "../metric/group.ts";
import { conventionsOf } from "./plan.ts";
import type { Recipe } from "./recipe.ts";
import { Run } from "./run.ts";
import { stateFrom } from "./weights.ts";

/** A run whose newest checkpoint is validated. */
export interface ValidateRequest {
  readonly folder: string;
  readonly recipe: Recipe;
  /** Folder for measured statistics. */
  readonly cache: string;
}

/**
 * Losses of a run's newest checkpoint on the held-out samples of a recipe.
 *
 * @param seen told how many samples are done, and of how many
 * @throws InputError where the run has no checkpoint, or its weights are not the recipe's
 */
export async function validateRun(
  { folder, recipe, cache }: ValidateRequest,
  seen: (done: number, total: number) => void,
): Promise<{ step: number; validation: Validation }> {
  const checkpoint = await latestCheckpoint(folder);
  if (checkpoint === null) throw new InputError(`${folder}: expected a run with a checkpoint, got none`);
  const manifest = await readManifest(checkpoint.folder);
  checkConventions(checkpoint.folder, manifest.conventions, conventionsOf(recipe), new Set());
  const run = await Run.open(recipe, cache);
  try {
    const weights = await readWeights(checkpoint.folder, manifest);
    const state = stateFrom(checkpoint.folder, weights, checkpoint.step, run.parameters);
    const total = run.validationSamples;
    return { step: checkpoint.step, validation: await run.validate(state, (done) => seen(done, total)) };
  } finally {
    await run.close();
  }
}
