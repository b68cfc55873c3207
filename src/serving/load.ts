import { readManifest, readParameters } from "../checkpoint/checkpoint.ts";
import { checkConventions } from "../checkpoint/conventions.ts";
import { latestCheckpoint } from "../checkpoint/store.ts";
import { checkParameters } from "../checkpoint/weights.ts";
import type { Device } from "../graph/runtime/device.ts";
import { InputError } from "../input-error.ts";
import { ActionSampler, placementFor } from "../training/action-sampler.ts";
import { traceObjective } from "../training/objective.ts";
import { conventionsOf, formOf, layoutOf } from "../training/plan.ts";
import { parseRecipe } from "../training/recipe-file.ts";
import { Rules } from "../validity/rules.ts";
import { LoadedPolicy } from "./policy.ts";
import { servedRobots } from "./robot.ts";

/** How a policy is served. */
export interface LoadOptions {
  /** How many robots it acts for at a time, at most: the rows of its program, each of which takes its time. */
  readonly robots: number;
  /** Where it runs and on how many threads. Another machine than the one it was trained on changes the last bits. */
  readonly machine: "as trained" | { readonly device: Device; readonly threads: number };
}

/**
 * A run's newest checkpoint, ready to act. Neither its datasets nor its recipe file have to be there.
 *
 * Its weights are those that the run validates: the averages, or those that train.
 *
 * @param run the run's folder
 * @throws InputError where there is no checkpoint, it is damaged, its conventions are others, or the device is not there
 */
export async function loadPolicy(run: string, { robots: rows, machine }: LoadOptions): Promise<LoadedPolicy> {
  if (!Number.isInteger(rows) || rows < 1)
    throw new InputError(`loadPolicy: expected a number of robots from 1, got ${rows}`);
  const checkpoint = await latestCheckpoint(run);
  if (checkpoint === null) throw new InputError(`${run}: expected a run with a checkpoint, got none`);
  const { folder, step } = checkpoint;
  const manifest = await readManifest(folder);
  const recipe = parseRecipe(`${folder}, recipe`, manifest.recipe);
  const conventions = conventionsOf(recipe);
  checkConventions(folder, manifest.conventions, conventions, new Set());
  const { unrealInput } = conventions;
  const setting = { form: formOf(recipe), layout: layoutOf(recipe, rows), unrealInput, rules: Rules.all };
  const weights = await readParameters(folder, manifest, recipe.validation.weights);
  const { parameters } = traceObjective(setting);
  checkParameters(folder, weights, new Map(parameters.map((parameter) => [parameter.name, parameter])));
  const { device, threads } = machine === "as trained" ? manifest : machine;
  const sampler = await ActionSampler.compile({
    setting,
    weights,
    placement: placementFor(weights),
    machine: { device, threads },
  });
  return new LoadedPolicy({ checkpoint: folder, step, recipe, robots: servedRobots(manifest, recipe), sampler, rows });
}
