import { readManifest, readWeights } from "../checkpoint/checkpoint.ts";
import { chosenCheckpoint } from "../checkpoint/chosen.ts";
import type { ConventionName } from "../checkpoint/convention-name.ts";
import { checkConventions } from "../checkpoint/conventions.ts";
import type { ActionError } from "../metric/action-error.ts";
import type { WeightsValidation } from "../metric/group.ts";
import type { World } from "../ranks/world.ts";
import { conventionsOf } from "../recipe/plan.ts";
import type { Recipe } from "../recipe/schema.ts";
import { Run } from "./run.ts";
import { stateFrom } from "./weights.ts";

/** The run whose newest checkpoint is validated, or the checkpoint that is. */
export interface ValidateRequest {
  /** Of the run, or of one of its checkpoints. */
  readonly folder: string;
  readonly recipe: Recipe;
  /** Folder for measured statistics. */
  readonly cache: string;
  /** Of each dataset and control mode, actions of at most so many held-out samples are sampled; 0 for none. */
  readonly actionSamples: number;
  /** Conventions of the weights that may differ from the recipe's. */
  readonly allowed: ReadonlySet<ConventionName>;
  readonly world: World;
}

/** The result of a validation. */
export interface RunValidation {
  /** Of the checkpoint. */
  readonly step: number;
  readonly validation: WeightsValidation;
  readonly actionErrors: readonly ActionError[];
  /** What the user should know: newer checkpoints that are not whole. */
  readonly notes: readonly string[];
}

/**
 * Losses of a checkpoint on the held-out samples of a recipe, and the errors of the actions that it samples.
 *
 * @param seen told how many samples are done, and of how many
 * @throws InputError where the run has no checkpoint, or its weights are not the recipe's
 */
export async function validateRun(
  { folder, recipe, cache, actionSamples, allowed, world }: ValidateRequest,
  seen: (done: number, total: number) => void,
): Promise<RunValidation> {
  const checkpoint = await chosenCheckpoint(folder);
  const { step, notes } = checkpoint;
  const manifest = await readManifest(checkpoint.folder);
  checkConventions(checkpoint.folder, manifest.conventions, conventionsOf(recipe), allowed);
  const run = await Run.openFor(manifest, recipe, cache, world);
  try {
    const state = stateFrom(checkpoint.folder, await readWeights(checkpoint.folder, manifest), step, run.parameters);
    const actions = run.actionSamples(actionSamples);
    let losses = 0;
    const validation = await run.validate(state, (done, total) => {
      losses = done;
      seen(done, total + actions);
    });
    const sampled = (done: number) => seen(losses + done, losses + actions);
    const actionErrors = await run.actionErrors(state, actionSamples, sampled);
    return { step, validation, actionErrors, notes };
  } finally {
    await run.close();
  }
}
