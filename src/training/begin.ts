import { readManifest, readParameters, readWeights } from "../checkpoint/checkpoint.ts";
import { checkConventions } from "../checkpoint/conventions.ts";
import { latestCheckpoint, listCheckpoints, type StoredCheckpoint } from "../checkpoint/store.ts";
import { checkParameters } from "../checkpoint/weights.ts";
import { InputError } from "../input-error.ts";
import type { ParameterForm, ParameterValues } from "../nn/parameter.ts";
import { initialState, stateOf } from "../optimizer/state.ts";
import { EventLog } from "./event-log.ts";
import type { Standing } from "./loop.ts";
import { conventionsOf } from "./plan.ts";
import type { Recipe } from "./recipe.ts";
import { checkResumedRecipe, type RecipeDifference } from "./recipe-difference.ts";
import { readRunRecipe } from "./recipe-file.ts";
import { createRunFolder, writeRunRecipe } from "./run-folder.ts";
import { stateFrom } from "./weights.ts";

/** Where training starts from. */
export type Start =
  | { readonly kind: "new" }
  /** A new optimizer on the weights of another run. */
  | { readonly kind: "init"; readonly from: string }
  /** The run's own last whole checkpoint. */
  | { readonly kind: "resume" };

/** A run's folder, made or found, and the events in it. */
export interface Begun {
  readonly events: EventLog;
  readonly checkpoint: StoredCheckpoint | null;
  /** What the user should know: damaged checkpoints, settings that change the last bits. */
  readonly notes: readonly string[];
}

/**
 * Makes a new run's folder, or finds where an old one stands.
 *
 * @throws InputError where the folder is taken, is no run, or the recipe is another than the run's
 */
export async function beginRun(folder: string, recipe: Recipe, start: Start): Promise<Begun> {
  if (start.kind !== "resume") {
    await createRunFolder(folder);
    await writeRunRecipe(folder, recipe);
    return { events: EventLog.begin(folder), checkpoint: null, notes: [] };
  }
  const differences = checkResumedRecipe(folder, await readRunRecipe(folder), recipe);
  const { damaged } = await listCheckpoints(folder);
  const checkpoint = await latestCheckpoint(folder);
  const events = await EventLog.resume(folder, checkpoint?.step ?? -1);
  return { events, checkpoint, notes: [...damaged.map(damage), ...differences.map(change)] };
}

/** The state to train from. */
export async function standingOf(
  begun: Begun,
  recipe: Recipe,
  start: Start,
  parameters: { readonly all: readonly ParameterForm[]; readonly trained: readonly ParameterForm[] },
): Promise<Standing> {
  const { all } = parameters;
  const trained = new Set(parameters.trained.map(({ name }) => name));
  const keepsAverages = recipe.optimizer.ema !== null;
  if (begun.checkpoint !== null) {
    const { folder, step } = begun.checkpoint;
    const manifest = await readManifest(folder);
    checkConventions(folder, manifest.conventions, conventionsOf(recipe), new Set());
    return { state: stateFrom(folder, await readWeights(folder, manifest), step, all), best: manifest.bestValidation };
  }
  if (start.kind === "init")
    return { state: stateOf(await weightsOfRun(start.from, recipe, all), trained, keepsAverages), best: null };
  return { state: initialState(all, trained, { seed: recipe.seed, keepsAverages }), best: null };
}

/** @throws InputError where the run has no checkpoint, other conventions, or other parameters */
async function weightsOfRun(run: string, recipe: Recipe, forms: readonly ParameterForm[]): Promise<ParameterValues> {
  const checkpoint = await latestCheckpoint(run);
  if (checkpoint === null) throw new InputError(`--init ${run}: expected a run with a checkpoint, got none`);
  const manifest = await readManifest(checkpoint.folder);
  checkConventions(checkpoint.folder, manifest.conventions, conventionsOf(recipe), new Set());
  const parameters = await readParameters(checkpoint.folder, manifest, "parameters");
  checkParameters(checkpoint.folder, parameters, new Map(forms.map((form) => [form.name, form])));
  return parameters;
}

function damage({ folder, reason }: { readonly folder: string; readonly reason: string }): string {
  return `${folder} is not whole and is passed over: ${reason}`;
}

function change({ path, one, other }: RecipeDifference): string {
  return `${path} was ${JSON.stringify(one)} and is ${JSON.stringify(other)}: from here on the last bits differ from an uninterrupted run`;
}
