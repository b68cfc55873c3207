import { stat } from "node:fs/promises";
import { isDeepStrictEqual } from "node:util";
import type { BatchLayout } from "../batch/layout.ts";
import { layoutIn } from "../batch/shape.ts";
import { readManifest, readParameters } from "../checkpoint/checkpoint.ts";
import { chosenCheckpoint } from "../checkpoint/chosen.ts";
import { checkConventions } from "../checkpoint/conventions.ts";
import type { Manifest } from "../checkpoint/manifest.ts";
import { openParameters } from "../checkpoint/stored-parameters.ts";
import { checkParameters } from "../checkpoint/weights.ts";
import { cells } from "../graph/axes.ts";
import type { StoredInputs } from "../graph/program.ts";
import type { Device } from "../graph/runtime/device.ts";
import { InputError } from "../input-error.ts";
import type { ParameterValues } from "../nn/parameter.ts";
import type { Chunking } from "../objective/chunking.ts";
import { forFirstSteps } from "../objective/first-steps.ts";
import { traceObjectives } from "../objective/objective.ts";
import { ActionSampler, largestWrittenBytes, placementFor } from "../objective/sample.ts";
import type { Setting } from "../objective/traced.ts";
import { requireWeightKind, type WeightKind } from "../objective/weight-kind.ts";
import { answersOf } from "../recipe/answer.ts";
import { checkpointRecipe } from "../recipe/file.ts";
import { conventionsOf, formOf, layoutOf, type Plan } from "../recipe/plan.ts";
import type { Recipe } from "../recipe/schema.ts";
import { Rules } from "../validity/rules.ts";
import { type ChunkingName, chunkingOf, chunkingProblem } from "./chunking.ts";
import { findExported, openExported } from "./exported.ts";
import { laneOf, type Machine } from "./machine.ts";
import { LoadedPolicy } from "./policy.ts";
import { plannedRobots, type ServedRobot, servedRobots } from "./robot.ts";
import type { BrokenAnswers } from "./said.ts";

/** How a policy is served. */
export interface LoadOptions {
  /** The most robots that it acts for in one call: the rows of its program, which cost time whether they are used or not. */
  readonly robots: number;
  /** Where it runs and on how many threads. Another machine than the one it was trained on changes the last bits. */
  readonly machine: "as trained" | Machine;
  /** Calls that may run side by side, each on an equal share of the threads; missing: one. */
  readonly lanes?: number;
  /** What a robot gets where a policy that says its actions says no chunk; missing: an error. */
  readonly brokenAnswers?: BrokenAnswers;
  /** How its chunks go on from those before them; absent: each arises by itself. */
  readonly chunking?: Chunking | undefined;
  /** What it holds of its weights; absent: float32. */
  readonly weightKind?: WeightKind | undefined;
}

/** A policy that has been found; its weights have not been read. */
export interface FoundPolicy {
  /** Whether its weights are those of a checkpoint, which are compiled here, or it is a program that `export --onnx` wrote. */
  readonly form: "weights" | "program";
  /** Folder of the checkpoint, or the program's file. */
  readonly checkpoint: string;
  readonly step: number;
  /** What the user should know: newer checkpoints that are not whole. */
  readonly notes: readonly string[];
  readonly recipe: Recipe;
  readonly robots: readonly ServedRobot[];
  /** Where it was trained. */
  readonly machine: Machine;
  /** How a program has chunks go on from those before them; absent: weights are compiled as is asked. */
  readonly programChunking?: ChunkingName;
}

/**
 * The policy of a run's newest checkpoint, of the checkpoint that is named, or of an exported file, ready to act. Neither its datasets nor its recipe
 * file are needed.
 *
 * Its weights are those that the recipe validates: their exponential moving averages, or the weights themselves.
 *
 * @param run the run's folder, that of one of its checkpoints, or a file that `export --onnx` wrote
 * @throws InputError where there is no checkpoint, it is damaged, its conventions are others, or the device is not there
 */
export async function loadPolicy(run: string, options: LoadOptions): Promise<LoadedPolicy> {
  const { robots: rows, machine, lanes = 1, brokenAnswers = "refuse", chunking, weightKind } = options;
  if (!Number.isInteger(rows) || rows < 1)
    throw new InputError(`loadPolicy: expected a number of robots from 1, got ${rows}`);
  const found = await findPolicy(run);
  checkRows(found, rows);
  return await openPolicy(found, {
    rows,
    steps: found.recipe.policy.actionHorizon,
    machine: machine === "as trained" ? found.machine : machine,
    lanes,
    brokenAnswers,
    chunking,
    weightKind,
  });
}

/**
 * A policy that has been found, ready to act.
 *
 * @throws InputError where its checkpoint or file is damaged, or its chunks cannot go on from those before them as is asked
 */
export async function openPolicy(found: FoundPolicy, choice: CompileChoice): Promise<LoadedPolicy> {
  await checkChoice(found, choice);
  if (found.form === "program") return openExported(found, choice);
  return await compilePolicy(found, await servedWeights(found, choice.weightKind ?? "float32"), choice);
}

/** What a policy is asked for, of what may not be there. */
export type AskedOfPolicy = Pick<CompileChoice, "machine" | "chunking" | "weightKind">;

/** @throws InputError where more robots are to be answered in one call than a policy can */
export function checkRows({ form, checkpoint }: FoundPolicy, rows: number): void {
  if (form === "program" && rows > 1)
    throw new InputError(
      `${checkpoint}: expected 1 robot in a call, as an exported file takes, got ${rows}; serve the run`,
    );
}

/**
 * Makes sure that a policy can do what it is asked for, as far as that is known before its weights are read.
 *
 * @throws InputError where it cannot
 */
export async function checkChoice(found: FoundPolicy, asked: AskedOfPolicy): Promise<void> {
  const { machine, chunking, weightKind = "float32" } = asked;
  const { form, checkpoint, recipe } = found;
  if (form === "program" && weightKind !== "float32")
    throw new InputError(
      `${checkpoint}: expected a run for weights as ${weightKind}, got an exported file, whose program is as it is; name the run`,
    );
  const problem = form === "program" ? programProblem(found, chunking) : chunkingProblem(chunking, recipe);
  if (problem !== null) throw new InputError(`${checkpoint}: ${problem}`);
  await requireWeightKind(weightKind, machine);
}

/** Why the chunks of a program cannot go on so; `null` where they can. */
function programProblem({ programChunking = "none" }: FoundPolicy, chunking: Chunking | undefined): string | null {
  if (chunking === undefined || isDeepStrictEqual(chunking, chunkingOf(programChunking))) return null;
  const can = programChunking === "none" ? "none" : `none or ${programChunking}`;
  return `expected --chunking ${can}, as the file was exported, got "${chunking.kind}"; export the run again with --chunking, or serve the run`;
}

/**
 * The policy of a run's newest checkpoint, of the checkpoint that is named, or of an exported file, before its weights are read.
 *
 * @throws InputError where there is no checkpoint, its conventions are others, or a file is none that `export --onnx` of this version wrote
 */
export async function findPolicy(run: string): Promise<FoundPolicy> {
  if ((await stat(run).catch(() => null))?.isFile() === true) return findExported(run);
  const { folder, step, notes } = await chosenCheckpoint(run);
  const manifest = await readManifest(folder);
  const recipe = checkpointRecipe(folder, manifest);
  checkConventions(folder, manifest.conventions, conventionsOf(recipe), new Set());
  const { device, threads } = manifest;
  return {
    form: "weights",
    checkpoint: folder,
    step,
    notes,
    recipe,
    robots: servedRobots(manifest, recipe),
    machine: { device, threads },
  };
}

/** A policy that is to act on another device than it was trained on; `null`: on that one. */
export function actingOn(found: FoundPolicy, device: Device | null): FoundPolicy {
  return device === null ? found : { ...found, machine: { ...found.machine, device } };
}

/** The policy of a plan that is being trained, whose weights are in memory and not in a checkpoint. */
export function plannedPolicy(plan: Plan, step: number): FoundPolicy {
  const { recipe } = plan;
  const { name, device, threads } = recipe;
  const machine = { device, threads };
  const checkpoint = `${name}, step ${step}`;
  return { form: "weights", checkpoint, step, notes: [], recipe, robots: plannedRobots(plan), machine };
}

/**
 * The weights of a policy, from its checkpoint.
 *
 * @throws InputError where the checkpoint is damaged, or its parameters are not the policy's
 */
export async function readPolicyWeights(found: FoundPolicy): Promise<ParameterValues> {
  return await readParameters(found.checkpoint, await manifestOf(found), found.recipe.validation.weights);
}

/**
 * What stands in a policy's checkpoint.
 *
 * @throws InputError where its parameters are not the policy's
 */
export async function manifestOf({ checkpoint, recipe }: FoundPolicy): Promise<Manifest> {
  const manifest = await readManifest(checkpoint);
  const { parameters } = traceObjectives(settingOf(recipe, 1));
  const own = new Map(parameters.map((parameter) => [parameter.name, parameter]));
  checkParameters(checkpoint, new Map(Object.entries(manifest.parameters)), own);
  return manifest;
}

/**
 * The weights of a policy, or where they stand if they are large and its program can read them there.
 *
 * @throws InputError as `readPolicyWeights`
 */
export async function servedWeights(
  found: FoundPolicy,
  weightKind: WeightKind,
): Promise<ParameterValues | StoredInputs> {
  const large = weightKind === "bf16" ? null : await largeWeights(found);
  return large ?? (await readPolicyWeights(found));
}

/** Where weights stand that are too large to be in memory more than once; `null` for others. @throws InputError as `readPolicyWeights` */
async function largeWeights(found: FoundPolicy): Promise<StoredInputs | null> {
  const { parameters } = await readManifest(found.checkpoint);
  const bytes = Object.values(parameters).reduce((sum, { shape }) => sum + 4 * cells(shape), 0);
  return bytes > largestWrittenBytes ? await placesOfWeights(found) : null;
}

/**
 * Where the weights of a policy stand in the files of its checkpoint.
 *
 * @throws InputError as `readPolicyWeights`
 */
export async function placesOfWeights(found: FoundPolicy): Promise<StoredInputs> {
  const { checkpoint, recipe } = found;
  const manifest = await manifestOf(found);
  const stored = await openParameters(checkpoint, manifest, recipe.validation.weights);
  try {
    const names = Object.keys(manifest.parameters);
    return { folder: checkpoint, places: new Map(names.map((name) => [name, stored.placeOf(name)])) };
  } finally {
    await stored.close();
  }
}

/** What a policy is compiled for. */
export interface CompileChoice {
  readonly rows: number;
  /** The most steps of a chunk that are carried out; later ones may be left out of it. */
  readonly steps: number;
  readonly machine: Machine;
  /** Calls that may run side by side, each on an equal share of the machine's threads; missing: one. */
  readonly lanes?: number;
  /** Missing: an error. */
  readonly brokenAnswers?: BrokenAnswers;
  readonly chunking?: Chunking | undefined;
  readonly weightKind?: WeightKind | undefined;
  /** Those of its robots that ask; missing: any. */
  readonly robots?: readonly ServedRobot[];
}

/**
 * A policy with its weights, compiled for a number of robots in one call.
 *
 * @throws InputError where its chunks cannot go on from those before them as is asked
 */
export async function compilePolicy(
  found: FoundPolicy,
  weights: ParameterValues | StoredInputs,
  choice: CompileChoice,
): Promise<LoadedPolicy> {
  await checkChoice(found, choice);
  const { checkpoint, step, notes, recipe } = found;
  const { rows, steps, machine, lanes = 1, brokenAnswers = "refuse", chunking, weightKind = "float32" } = choice;
  const { robots = found.robots } = choice;
  const setting = settingOf(recipe, rows);
  const whole = {
    setting: { ...setting, layout: layoutFor(robots, recipe, setting.layout), chunking },
    weights,
    weightKind,
    placement: placementFor(weights, weightKind),
    answers: answersOf(recipe),
    machine: { ...laneOf(machine, lanes), lanes },
  };
  const sampler = await ActionSampler.compile(forFirstSteps(whole, steps));
  return new LoadedPolicy({ checkpoint, step, notes, recipe, robots, sampler, lanes, weightKind, brokenAnswers });
}

/** Where rows are computed in shapes that fit, a policy has no room for cameras that none of the robots has that ask. */
function layoutFor(robots: readonly ServedRobot[], { batch }: Recipe, layout: BatchLayout): BatchLayout {
  if (batch.shapes !== "fit") return layout;
  const cameras = robots.map(({ embodiment }) => embodiment.cameras.filter(({ key }) => key !== null).length);
  return layoutIn(layout, { ...layout, views: Math.max(0, ...cameras) });
}

function settingOf(recipe: Recipe, rows: number): Setting {
  const { unrealInput } = conventionsOf(recipe);
  return {
    form: formOf(recipe),
    layout: layoutOf(recipe, rows),
    unrealInput,
    rules: Rules.all,
    hidden: "plain",
    pictures: "uint8",
  };
}
