import { mapParameters, mapWeights, readManifest } from "../checkpoint/checkpoint.ts";
import { chosenCheckpoint } from "../checkpoint/chosen.ts";
import type { ConventionName } from "../checkpoint/convention-name.ts";
import { checkConventions } from "../checkpoint/conventions.ts";
import type { Manifest } from "../checkpoint/manifest.ts";
import { encodeStatistics } from "../checkpoint/robot-record.ts";
import { type CheckpointList, listCheckpoints, passedOver } from "../checkpoint/store.ts";
import { checkParameters } from "../checkpoint/weights.ts";
import { InputError } from "../input-error.ts";
import { adaptedWeights, adapterPath, isOfAdapter } from "../nn/adapter.ts";
import { isBelow } from "../nn/below.ts";
import { drawnValues, initialValues, type ParameterForm, type ParameterValues } from "../nn/parameter.ts";
import { trainedParameters } from "../optimizer/freeze.ts";
import { rateFactors } from "../optimizer/rate.ts";
import { initialState } from "../optimizer/state.ts";
import { checkResumedRecipe, type RecipeDifference } from "../recipe/difference.ts";
import { parseRecipe, readRunRecipe, writeRunRecipe } from "../recipe/file.ts";
import { copyTokenizer } from "../recipe/own-tokenizer.ts";
import { partsOf } from "../recipe/parts.ts";
import { conventionsOf, type Plan } from "../recipe/plan.ts";
import type { Recipe } from "../recipe/schema.ts";
import { checkSplits, storedSplits } from "../recipe/stored-split.ts";
import { checkTokenizer } from "../recipe/tokenizer.ts";
import { checkBackbones, type FirstWeights, weightsOfModels, writeBackbones } from "./backbone-start.ts";
import { EventLog } from "./event-log.ts";
import { type Robots, weightsForRobots } from "./fitted-weights.ts";
import { checkRunFolder, checkRunIsOpen, createRunFolder } from "./run-folder.ts";
import type { Beginning } from "./shared-state.ts";

/** Weights of another run to begin with. */
export interface Init {
  readonly kind: "init";
  /** The run's folder, for its newest checkpoint, or that of one of its checkpoints. */
  readonly from: string;
  /** Conventions that the weights may have been trained under otherwise. */
  readonly allowed: ReadonlySet<ConventionName>;
}

/** Where training starts from. */
export type Start =
  | { readonly kind: "new" }
  /** A new optimizer on the weights of another run. */
  | Init
  /** The same on those of published language and vision models, by their folders; what they do not have begins as always. */
  | { readonly kind: "backbone"; readonly folders: readonly string[] }
  /** The run's own last whole checkpoint. */
  | { readonly kind: "resume" };

/** A run that is ready to train: its folder, made or found, and what it goes on with. */
export interface Begun {
  readonly events: EventLog;
  readonly beginning: Beginning;
  /** What the user should know: damaged checkpoints, settings that change the last bits. */
  readonly notes: readonly string[];
}

/**
 * Checks whether a run can start as requested, before any data is read. Nothing is written.
 *
 * @throws InputError where the folder is taken or closed, the recipe is another than the run's, or there is no run to begin with
 */
export async function checkStart(folder: string, recipe: Recipe, start: Start): Promise<void> {
  if (start.kind === "resume") {
    checkResumedRecipe(folder, await readRunRecipe(folder), recipe);
    newestWhole(folder, await listCheckpoints(folder));
    await checkRunIsOpen(folder);
    return;
  }
  await checkRunFolder(folder);
  if (start.kind === "init") await manifestOf(start, recipe);
  if (start.kind === "backbone") await checkBackbones(start.folders, recipe);
}

/**
 * Makes a new run's folder, or reads the progress of an old one.
 *
 * @param parameters that the policy reads
 * @throws InputError as `checkStart`, and where the weights are not the policy's or the data not those that a run began with
 */
export async function beginRun(
  folder: string,
  plan: Plan,
  start: Start,
  parameters: readonly ParameterForm[],
): Promise<Begun> {
  if (start.kind === "resume") return resumeRun(folder, plan, parameters);
  const { recipe } = plan;
  const init = await weightsOfStart(start, plan, parameters);
  await createRunFolder(folder);
  await writeRunRecipe(folder, recipe);
  if (init !== null && init.models.length > 0) await writeBackbones(folder, init.models);
  await copyTokenizer(folder, recipe);
  const beginning = newBeginning(init?.weights ?? drawnValues(parameters, recipe.seed));
  return { events: EventLog.begin(folder), beginning, notes: init?.notes ?? [] };
}

/** Weights that a new run begins with, where they are not all drawn. */
async function weightsOfStart(
  start: Start,
  plan: Plan,
  parameters: readonly ParameterForm[],
): Promise<FirstWeights | null> {
  switch (start.kind) {
    case "init":
      return await weightsOfRun(start, plan, parameters);
    case "backbone":
      return await weightsOfModels(start.folders, plan.recipe, parameters);
    case "new":
    case "resume":
      return null;
  }
}

async function resumeRun(folder: string, plan: Plan, parameters: readonly ParameterForm[]): Promise<Begun> {
  const { recipe } = plan;
  const differences = checkResumedRecipe(folder, await readRunRecipe(folder), recipe);
  const list = await listCheckpoints(folder);
  const checkpoint = newestWhole(folder, list);
  const notes = [...list.damaged.map(passedOver), ...differences.map(change)];
  if (checkpoint === null) {
    const beginning = newBeginning(drawnValues(parameters, recipe.seed));
    return { events: await EventLog.resume(folder, -1), beginning, notes };
  }
  const manifest = await readManifest(checkpoint.folder);
  checkConventions(checkpoint.folder, manifest.conventions, conventionsOf(recipe), new Set());
  checkSplits(checkpoint.folder, storedSplits(manifest, recipe), plan.mixture);
  checkStatistics(checkpoint.folder, manifest, plan);
  checkMoments(checkpoint.folder, manifest, recipe);
  const weights = await mapWeights(checkpoint.folder, manifest);
  checkParameters(checkpoint.folder, weights.parameters, new Map(parameters.map((form) => [form.name, form])));
  // Events go last: they are only cut back where everything else is in order.
  const isValidated = checkpoint.step > 0 || manifest.bestValidation !== null;
  const events = await EventLog.resume(folder, isValidated ? checkpoint.step : -1);
  const { firstMoments: first, secondMoments: second, ema, parameters: values } = weights;
  const beginning = {
    step: checkpoint.step,
    best: manifest.bestValidation,
    parameters: values,
    moments: { first, second, ema },
  };
  return { events, beginning, notes };
}

/** @throws InputError where there are checkpoints and none of them is whole: starting over would lose the run */
function newestWhole(folder: string, { whole, damaged }: CheckpointList) {
  const newest = whole.at(-1) ?? null;
  if (newest === null && damaged.length > 0)
    throw new InputError(
      `${folder}: expected a whole checkpoint, got ${damaged.map((one) => `${one.folder}: ${one.reason}`).join("; ")}`,
    );
  return newest;
}

/** The state before the first step. */
export function newState(recipe: Recipe, parameters: readonly ParameterForm[]) {
  return initialState(parameters, trainedBy(recipe, parameters), {
    seed: recipe.seed,
    keepsAverages: recipe.optimizer.ema !== null,
  });
}

function newBeginning(parameters: Beginning["parameters"]): Beginning {
  return { step: 0, best: null, parameters, moments: null };
}

/** Names of the parameters that a recipe trains. @throws InputError where it names parts or rates of nothing */
export function trainedBy({ optimizer, policy }: Recipe, parameters: readonly ParameterForm[]): ReadonlySet<string> {
  const names = parameters.map(({ name }) => name);
  const without = policy.adapters?.below.find((module) => !names.some((name) => isBelow(name, adapterPath(module))));
  if (without !== undefined)
    throw new InputError(
      `policy.adapters.below: expected modules with layers of attention and feed-forward, such as "backbone", got "${without}"`,
    );
  const frozen = [...optimizer.frozen, ...adaptedWeights(names)];
  const trained = trainedParameters(names, { ...optimizer, frozen });
  rateFactors(trained, optimizer);
  return new Set(trained);
}

/** The manifest of the checkpoint whose weights another run begins with. */
async function manifestOf(
  { from, allowed }: Init,
  recipe: Recipe,
): Promise<{ readonly folder: string; readonly notes: readonly string[]; readonly manifest: Manifest }> {
  const { folder, notes } = await chosenCheckpoint(from);
  const manifest = await readManifest(folder);
  checkConventions(folder, manifest.conventions, conventionsOf(recipe), allowed);
  checkTokenizer(`${folder}, recipe`, manifest.recipe, recipe);
  return { folder, notes, manifest };
}

/** @throws InputError where the run has no checkpoint, other conventions, or other parameters */
async function weightsOfRun(
  init: Init,
  { recipe, mixture }: Plan,
  forms: readonly ParameterForm[],
): Promise<FirstWeights> {
  const { folder, notes, manifest } = await manifestOf(init, recipe);
  const parameters = await mapParameters(folder, manifest);
  const to: Robots = {
    parts: partsOf(recipe.policy),
    embodiments: mixture.normalizationGroups.map(({ name }) => name),
  };
  const fitted = weightsForRobots(parameters, forms, { from: robotsOf(folder, manifest), to, seed: recipe.seed });
  const own = withNewAdapters(fitted.weights, recipe, forms);
  checkParameters(folder, own, new Map(forms.map((form) => [form.name, form])));
  return { weights: own, models: [], notes: [...notes, ...fitted.notes] };
}

/** Weights that were imported without datasets are one robot's, whichever comes. */
function robotsOf(folder: string, { recipe, statistics }: Manifest): Robots {
  const { policy, data } = parseRecipe(folder, recipe);
  return { parts: partsOf(policy), embodiments: data.datasets.length === 0 ? "any" : Object.keys(statistics) };
}

/** Weights of a run without adapters, and adapters that say nothing yet, where the recipe asks for some. */
function withNewAdapters(values: ParameterValues, { seed }: Recipe, forms: readonly ParameterForm[]): ParameterValues {
  const absent = forms.filter(({ name }) => isOfAdapter(name) && !values.has(name));
  return new Map([...values, ...initialValues(absent, seed)]);
}

/** @throws InputError where a checkpoint has moments in another form */
function checkMoments(folder: string, manifest: Manifest, { optimizer: { moments = "float32" } }: Recipe): void {
  const { moments: found = "float32" } = parseRecipe(folder, manifest.recipe).optimizer;
  if (found !== moments)
    throw new InputError(
      `${folder}: expected moments in ${moments}, as optimizer.moments of the run has them, got ${found}; begin a new run with --init`,
    );
}

/** @throws InputError where data are normalised otherwise than when the run began: the data are not the same */
function checkStatistics(folder: string, manifest: Manifest, { statistics }: Plan): void {
  const changed = [...statistics].filter(([name, { action, state }]) => {
    const now = { action: encodeStatistics(action), state: encodeStatistics(state) };
    const { action: actionThen, state: stateThen } = manifest.statistics[name] ?? {};
    return JSON.stringify({ action: actionThen, state: stateThen }) !== JSON.stringify(now);
  });
  if (changed.length > 0)
    throw new InputError(
      `${folder}: expected the data that the run began with, got other numbers for ${changed.map(([name]) => `"${name}"`).join(", ")}; ` +
        "put the data back, or begin a new run with --init",
    );
}

function change({ path, one, other }: RecipeDifference): string {
  return `${path} was ${JSON.stringify(one)} and is ${JSON.stringify(other)}: from here on the last bits differ from an uninterrupted run`;
}
