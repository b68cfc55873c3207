import { rm } from "node:fs/promises";
import type { CheckpointFacts } from "../checkpoint/checkpoint.ts";
import { floatCellsOf, type GivenFacts, readForeignPolicy } from "../checkpoint/import/foreign.ts";
import { headWeights, type ImportedWeights } from "../checkpoint/import/head-weights.ts";
import type { ForeignPolicy } from "../checkpoint/import/imported.ts";
import { checkTensors, foreignTensors, nameInFile, unreadTensors } from "../checkpoint/import/names.ts";
import { rearrange } from "../checkpoint/import/rearrange.ts";
import { type KnownRobot, readForeignRobot } from "../checkpoint/import/robot.ts";
import { TensorSource } from "../checkpoint/import/tensor-source.ts";
import { encodeStatistics, memberSchema } from "../checkpoint/robot-record.ts";
import { writeStreamedCheckpoint } from "../checkpoint/store.ts";
import type { StreamedParameters } from "../checkpoint/weights.ts";
import { openTokenizer } from "../codec/tokenizer-file.ts";
import type { Embodiment, Entry } from "../embodiment/embodiment.ts";
import type { ParameterForm } from "../nn/parameter.ts";
import { traceObjectives } from "../objective/objective.ts";
import { writeRunRecipe } from "../recipe/file.ts";
import { copyTokenizer } from "../recipe/own-tokenizer.ts";
import { conventionsOf, settingOf } from "../recipe/plan.ts";
import type { Recipe } from "../recipe/schema.ts";
import { tokenizerOf, withTokenizerContent } from "../recipe/tokenizer.ts";
import { Rules } from "../validity/rules.ts";
import { checkRunFolder, createRunFolder } from "./run-folder.ts";

/** Another project's folder, and what its files do not say. */
export interface ImportRequest {
  readonly path: string;
  /** Folder of the new run. */
  readonly folder: string;
  readonly given: GivenFacts;
  /** The recipe of the run, once the files have been read. */
  readonly recipeFor: (policy: ForeignPolicy, known: KnownRobot) => Promise<ImportedData>;
}

/** The recipe of an imported run, and the robots of its datasets. */
export interface ImportedData {
  readonly recipe: Recipe;
  /** Of the recipe's datasets; `null` where it has none: then there is one, as the other project's files know it. */
  readonly members: CheckpointFacts["members"] | null;
}

/** What became of another project's weights. */
export interface ImportedRun {
  readonly recipe: Recipe;
  readonly parameters: number;
  /** Tensors that no result depends on, which stay behind. */
  readonly unread: readonly string[];
  readonly notes: readonly string[];
}

/**
 * Makes a run of another project's weights, which acts, validates and begins other runs as one that was trained here does.
 *
 * Tensors go to the disk in pieces, so that a checkpoint may be larger than the memory.
 *
 * @throws InputError in one line for whatever does not fit: nothing is left of the run then
 */
export async function importRun({ path, folder, given, recipeFor }: ImportRequest): Promise<ImportedRun> {
  await checkRunFolder(folder);
  const source = await TensorSource.open(path);
  try {
    const policy = await readForeignPolicy(source, given);
    const known = await readForeignRobot(source, policy);
    const { recipe: asked, members } = await recipeFor(policy, known);
    const recipe = withTokenizerContent(asked);
    const notes = tokenizerNotes(recipe);
    const { parameters } = traceObjectives(settingOf({ recipe, rules: Rules.all }, 1));
    const isHead = "embodiments" in policy;
    const weights = isHead
      ? headWeights(source, policy, parameters, recipe.seed)
      : wholeWeights(source, policy, parameters);
    const facts = factsOf(recipe, known, members ?? [soleMember(recipe.name, known)]);
    await createRunFolder(folder);
    try {
      await writeRunRecipe(folder, recipe);
      await copyTokenizer(folder, recipe);
      await writeStreamedCheckpoint(folder, facts, weights.streamed);
    } catch (error) {
      await rm(folder, { recursive: true, force: true });
      throw error;
    }
    const cells = parameters.reduce((sum, { shape }) => sum + shape.reduce((product, size) => product * size, 1), 0);
    return {
      recipe,
      parameters: cells,
      unread: weights.unread,
      notes: [...weights.notes, ...notes, ...known.normalization.notes],
    };
  } finally {
    await source.close();
  }
}

/** Of what share of the weights' tokens a tokenizer usually has at least: tables are filled up to round numbers. */
const usualShare = 0.9;

/** @throws InputError as `tokenizerOf` */
function tokenizerNotes(recipe: Recipe): string[] {
  const { tokenizer, vocabulary } = recipe.policy;
  tokenizerOf(recipe);
  if (tokenizer === undefined || tokenizer === "bytes" || vocabulary === undefined) return [];
  const own = openTokenizer(tokenizer);
  if (own.vocabulary >= usualShare * vocabulary) return [];
  return [`${own.name}: ${own.vocabulary} tokens, and the weights know ${vocabulary}: it may be that of another model`];
}

/** All of a policy's weights, from its files. @throws InputError as `checkTensors` */
function wholeWeights(
  source: TensorSource,
  { names }: ForeignPolicy,
  forms: readonly ParameterForm[],
): ImportedWeights {
  const wanted = foreignTensors(names, forms);
  checkTensors(source.folder, names, wanted, source.shapes);
  const tensorOf = new Map(wanted.map((tensor) => [tensor.parameter, tensor]));
  const formOf = new Map(forms.map((form) => [form.name, form]));
  const streamed: StreamedParameters = {
    forms: formOf,
    piecesOf: (parameter) => {
      const { name, axes } = tensorOf.get(parameter)!;
      const own = nameInFile(names, source.shapes, name);
      const wantedAxes = formOf.get(parameter)!.axes;
      return axes === wantedAxes ? source.pieces(own) : turned(source, own, { from: axes, to: wantedAxes });
    },
  };
  const isBeside = (name: string) => (names.left ?? []).some((module) => name.startsWith(`${module}.`));
  const unread = unreadTensors(names, wanted, source.shapes).filter((name) => !isBeside(name));
  return { streamed, unread, notes: [] };
}

/** A tensor whose axes stand in another order there, at once. */
async function* turned(
  source: TensorSource,
  name: string,
  { from, to }: { readonly from: string; readonly to: string },
): AsyncIterable<Uint8Array> {
  const { shape, cells } = await source.read(name);
  const { buffer, byteOffset, byteLength } = rearrange(floatCellsOf(source, name, cells), shape, from, to);
  yield new Uint8Array(buffer, byteOffset, byteLength);
}

function factsOf(recipe: Recipe, { normalization }: KnownRobot, members: CheckpointFacts["members"]): CheckpointFacts {
  const statistics = {
    action: encodeStatistics(normalization.action),
    state: encodeStatistics(normalization.state),
  };
  return {
    step: 0,
    recipe: JSON.parse(JSON.stringify(recipe)),
    conventions: conventionsOf(recipe),
    threads: recipe.threads,
    device: recipe.device,
    sampler: { seed: recipe.seed, step: 0 },
    members,
    statistics: Object.fromEntries(members.map(({ head }) => [head, statistics])),
    bestValidation: null,
  };
}

/** At what rate a robot's frames follow each other, where nobody says: LeRobot's recordings have this one unless it is given. */
const usualFramesPerSecond = 30;

/** The robot as another project's files know it: by its widths and its cameras. */
function soleMember(name: string, { robot }: KnownRobot): CheckpointFacts["members"][number] {
  const column = (own: KnownRobot["robot"]["state"]) =>
    own === null ? [] : [{ key: own.key, entries: [...own.names.keys()] }];
  const embodiment: Embodiment = {
    robotType: "unknown",
    controlMode: "unknown",
    dofs: robot.action.names.map((own, slot) => ({ ...entry(own, slot), state: null })),
    states: (robot.state?.names ?? []).map(entry),
    cameras: robot.cameras,
    columns: { action: column(robot.action), state: column(robot.state), prompt: { kind: "task" } },
    target: "actions",
  };
  return memberSchema.parse({
    name: `${name} / unknown`,
    dataset: name,
    controlMode: "unknown",
    head: `dataset ${name} / unknown`,
    framesPerSecond: usualFramesPerSecond,
    embodiment,
  });
}

function entry(name: string, slot: number): Entry {
  return { name, unit: "unknown", part: "body", kind: "continuous", slot };
}
