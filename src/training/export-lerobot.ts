import { mkdir, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { readManifest } from "../checkpoint/checkpoint.ts";
import { chosenCheckpoint } from "../checkpoint/chosen.ts";
import { type LerobotPolicy, lerobotConfig, lerobotKeys, processorFiles } from "../checkpoint/export/lerobot-config.ts";
import { type ExportedTensor, exportedTensors } from "../checkpoint/export/unread.ts";
import { belowModule } from "../checkpoint/import/names.ts";
import { openpiAdaptiveNames, openpiNames } from "../checkpoint/import/openpi.ts";
import type { Manifest } from "../checkpoint/manifest.ts";
import type { StatisticsRecord } from "../checkpoint/robot-record.ts";
import { writeSafetensors, writeSafetensorsInPieces } from "../checkpoint/safetensors.ts";
import { openParameters, type StoredParameters } from "../checkpoint/stored-parameters.ts";
import { changes } from "../dataset/statistics.ts";
import { InputError } from "../input-error.ts";
import { flowChoiceOf, variants } from "../policy/variant.ts";
import { parseRecipe } from "../recipe/file.ts";
import { formOf } from "../recipe/plan.ts";
import type { Recipe } from "../recipe/schema.ts";
import { checkRunFolder } from "./run-folder.ts";

/** A run, and where LeRobot's files of it go. */
export interface LerobotExport {
  readonly run: string;
  readonly folder: string;
  /** The robot that the policy is exported for, by its dataset, with its control mode if it has several; `null` where there is only one. */
  readonly robot: string | null;
}

/** What has been written. */
export interface ExportedFolder {
  readonly step: number;
  /** Tensors of zeros, which LeRobot's class asks for and no result depends on. */
  readonly madeUp: readonly string[];
}

/**
 * Writes a run's policy as LeRobot saves one: `config.json`, the weights under its names, and its processors.
 *
 * @throws InputError where LeRobot has no such policy, or would run it under other conventions
 */
export async function exportLerobot({ run, folder, robot }: LerobotExport): Promise<ExportedFolder> {
  await checkRunFolder(folder);
  const { folder: checkpoint, step } = await chosenCheckpoint(run);
  const manifest = await readManifest(checkpoint);
  const recipe = parseRecipe(`${checkpoint}, recipe`, manifest.recipe);
  const member = memberOf(checkpoint, manifest, robot);
  const statistics = manifest.statistics[member.head]!;
  const policy = lerobotPolicy(checkpoint, recipe, { ...member, statistics });
  const forms = new Map(Object.entries(manifest.parameters));
  const names = belowModule("model", policy.type === "pi0" ? openpiNames : openpiAdaptiveNames);
  const { size, vocabulary, head } = formOf(recipe);
  const width = head.kind === "flow" ? head.expert.size.width : 0;
  const uncalled = new Map([["model.paligemma_with_expert.gemma_expert.lm_head.weight", [vocabulary, width]]]);
  const trunk = { path: "backbone", size: size.backbone, uncalled };
  const tensors = exportedTensors(names, forms, trunk);
  const stored = await openParameters(checkpoint, manifest, recipe.validation.weights);
  try {
    await mkdir(dirname(folder), { recursive: true });
    await mkdir(folder, { recursive: true });
    await writeWeights(join(folder, "model.safetensors"), tensors, stored);
    await writeJson(join(folder, "config.json"), lerobotConfig(policy));
    for (const { file, content, statistics: own } of processorFiles(policy)) {
      await writeJson(join(folder, file), content);
      await writeStatistics(join(folder, own), statistics);
    }
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    throw error;
  } finally {
    await stored.close();
  }
  return { step, madeUp: tensors.flatMap(({ name, from }) => (from.kind === "zeros" ? [name] : [])) };
}

type Member = Manifest["members"][number];

function memberOf(where: string, { members }: Manifest, robot: string | null): Member {
  const acting = members.filter(({ embodiment }) => embodiment.target === "actions");
  const fitting = acting.filter(({ name, dataset: own }) => robot === null || [name, own].includes(robot));
  const [found] = fitting;
  if (found !== undefined && fitting.length === 1) return found;
  throw new InputError(
    `${where}: expected one robot to export for, got ${fitting.length}; LeRobot's policies act for one: ` +
      `name it with --robot (${acting.map(({ name }) => `"${name}"`).join(", ")})`,
  );
}

interface Robot extends Member {
  readonly statistics: { readonly state: StatisticsRecord; readonly action: StatisticsRecord };
}

/** @throws InputError naming everything that LeRobot's class does otherwise */
function lerobotPolicy(where: string, recipe: Recipe, robot: Robot): LerobotPolicy {
  const { variant } = recipe.policy;
  if (variant !== "pi0" && variant !== "pi05")
    throw new InputError(`${where}: expected policy.variant "pi0" or "pi05", which can be exported, got "${variant}"`);
  const others = otherwiseThere(recipe, robot);
  if (others.length > 0)
    throw new InputError(`${where}: expected a policy that LeRobot runs as it was trained, got ${others.join(", ")}`);
  const { policy, data, conventions } = recipe;
  const { dofs, states, cameras } = robot.embodiment;
  return {
    type: variant,
    states: states.length,
    actions: dofs.length,
    cameras: cameras.map(({ view, key }) => key ?? `observation.images.${view}`),
    horizon: policy.actionHorizon,
    stateWidth: policy.stateWidth,
    actionWidth: policy.actionWidth,
    promptTokens: policy.promptTokens,
    integrationSteps: policy.integrationSteps ?? flowChoiceOf(variants[variant]).integrationSteps,
    picture: formOf(recipe).size.vision.picture,
    mode: data.normalization,
    epsilon: conventions.normalizationEpsilon,
  };
}

/** What LeRobot's class would do to a policy otherwise than its training did. */
function otherwiseThere({ policy, data, conventions }: Recipe, { embodiment, statistics }: Robot): string[] {
  const { dofs, states } = embodiment;
  const isLeading = (entries: readonly { readonly slot: number }[]) => entries.every(({ slot }, at) => slot === at);
  const moves = (own: StatisticsRecord) => own.min.every((_, at) => changes(toBounds(own), at));
  const hasAbsentDims = dofs.length < policy.actionWidth;
  return [
    ...(hasAbsentDims && conventions.unrealInput !== "noise" ? ['conventions.unrealInput "zero"'] : []),
    ...(conventions.actionSight === "both" ? [] : [`conventions.actionSight "${conventions.actionSight}"`]),
    ...(conventions.zeroRange !== "zero" || (moves(statistics.action) && moves(statistics.state))
      ? []
      : ['conventions.zeroRange "zero" with entries that never change']),
    ...(data.actions === "absolute" ? [] : ['data.actions "delta"']),
    ...(policy.history.slots === 1 ? [] : [`policy.history.slots ${policy.history.slots}`]),
    ...(isLeading(dofs) && isLeading(states) ? [] : ["entries in other slots than the first"]),
  ];
}

function toBounds({ min, max }: StatisticsRecord) {
  return { min: Float64Array.from(min), max: Float64Array.from(max) };
}

async function writeWeights(path: string, tensors: readonly ExportedTensor[], stored: StoredParameters) {
  const forms = new Map(tensors.map(({ name, shape }) => [name, { shape, type: "float32" } as const]));
  const byName = new Map(tensors.map((tensor) => [tensor.name, tensor]));
  await writeSafetensorsInPieces(path, forms, (name) => {
    const { shape, from } = byName.get(name)!;
    return from.kind === "parameter" ? stored.piecesOf(from.name) : zeroPieces(shape);
  });
}

/** Zeros of a tensor, in pieces of at most 4 MiB. */
async function* zeroPieces(shape: readonly number[]): AsyncGenerator<Uint8Array> {
  const bytes = 4 * shape.reduce((product, size) => product * size, 1);
  const piece = new Uint8Array(Math.min(bytes, 4 << 20));
  for (let at = 0; at < bytes; at += piece.length) yield piece.subarray(0, Math.min(piece.length, bytes - at));
}

async function writeStatistics(path: string, { state, action }: Robot["statistics"]): Promise<void> {
  const tensors = Object.entries({ [lerobotKeys.state]: state, [lerobotKeys.action]: action }).flatMap(([key, own]) => {
    const { count: _, ...cells } = own;
    return Object.entries(cells).map(
      ([name, values]) =>
        [`${key}.${name}`, { shape: [values.length], type: "float32", cells: Float32Array.from(values) }] as const,
    );
  });
  await writeSafetensors(path, new Map(tensors.filter(([, { cells }]) => cells.length > 0)), {});
}

async function writeJson(path: string, value: object): Promise<void> {
  await writeFile(path, `${JSON.stringify(value, null, 2)}\n`, { flag: "wx" });
}
