import { existsSync } from "node:fs";
import { join } from "node:path";
import { writeDurably } from "../checkpoint/durable.ts";
import { checkPartsOnce, fitModel, type TakenModel, type TakingPolicy } from "../checkpoint/import/backbone-weights.ts";
import { listed } from "../checkpoint/import/names.ts";
import { TensorSource } from "../checkpoint/import/tensor-source.ts";
import type { HostArray } from "../graph/host-array.ts";
import { InputError } from "../input-error.ts";
import { initialValues, type ParameterForm, type ParameterValues } from "../nn/parameter.ts";
import { traceObjectives } from "../objective/objective.ts";
import { formOf, settingOf } from "../recipe/plan.ts";
import type { Recipe } from "../recipe/schema.ts";
import { Rules } from "../validity/rules.ts";

/** In a run's folder: what its first weights were taken from. */
const backboneFile = "backbone.json";

/** Weights that a new run begins with, where they are not all drawn. */
export interface FirstWeights {
  readonly weights: ParameterValues;
  /** Published models that gave some. */
  readonly models: readonly TakenModel[];
  /** What the user should know of them. */
  readonly notes: readonly string[];
}

/**
 * Checks whether a policy can begin with published models, by the headers of their files.
 *
 * @throws InputError as `fitModel`, and where two have the same part of the policy
 */
export async function checkBackbones(folders: readonly string[], recipe: Recipe): Promise<void> {
  const { parameters } = traceObjectives(settingOf({ recipe, rules: Rules.all }, recipe.batch.microBatch));
  await readModels(folders, { form: formOf(recipe), parameters }, async () => new Map());
}

/**
 * A policy's weights before training, of which published models give some.
 *
 * @throws InputError as `checkBackbones`
 */
export async function weightsOfModels(
  folders: readonly string[],
  recipe: Recipe,
  parameters: readonly ParameterForm[],
): Promise<FirstWeights> {
  const { models, values } = await readModels(folders, { form: formOf(recipe), parameters }, (read) => read());
  const drawn = initialValues(
    parameters.filter(({ name }) => !values.has(name)),
    recipe.seed,
  );
  const weights = new Map(parameters.map(({ name }) => [name, values.get(name) ?? drawn.get(name)!]));
  return { weights, models, notes: [...models.flatMap(notesOf), ...notesOnTokens(models, recipe)] };
}

/** Writes down, in a new run's folder, with which published models its weights began. */
export async function writeBackbones(run: string, models: readonly TakenModel[]): Promise<void> {
  await writeDurably(join(run, backboneFile), [new TextEncoder().encode(`${JSON.stringify({ models }, null, 2)}\n`)]);
}

async function readModels(
  folders: readonly string[],
  policy: TakingPolicy,
  valuesOf: (read: () => Promise<ParameterValues>) => Promise<ParameterValues>,
): Promise<{ readonly models: readonly TakenModel[]; readonly values: ParameterValues }> {
  const models: TakenModel[] = [];
  const values = new Map<string, HostArray<string, "float32">>();
  for (const folder of folders) {
    if (!existsSync(folder))
      throw new InputError(`${folder}: expected the folder of a published model, got nothing there`);
    const source = await TensorSource.open(folder);
    try {
      const { taken, read } = await fitModel(source, policy);
      models.push(taken);
      checkPartsOnce(models);
      for (const [name, value] of await valuesOf(read)) values.set(name, value);
    } finally {
      await source.close();
    }
  }
  return { models, values };
}

function notesOf({ folder, type, parts, layers, left, otherwise }: TakenModel): string[] {
  const taken = parts.map(({ part, tensors }) => {
    const some = part === "language model" && layers !== null ? `, ${layers.taken} of ${layers.of} layers` : "";
    return `${part} (${tensors} tensors${some})`;
  });
  return [
    `${folder}: begins with the ${joined(taken)} of ${type}`,
    ...(left.length === 0 ? [] : [`${folder}: left behind ${left.length} tensors: ${listed(left)}`]),
    ...(otherwise.length === 0 ? [] : [`${folder}: the model had ${otherwise.join("; ")}`]),
  ];
}

/** A table of tokens that was learnt with another tokenizer says little: bytes stand in its rows for other words. */
function notesOnTokens(models: readonly TakenModel[], { policy }: Recipe): string[] {
  const hasWords = models.some(({ parts }) => parts.some(({ part }) => part === "language model"));
  return hasWords && (policy.tokenizer ?? "bytes") === "bytes"
    ? ["prompts are bytes, which the table of tokens was not taught; name the model's folder in policy.tokenizer"]
    : [];
}

function joined(words: readonly string[]): string {
  return words.length < 2 ? words.join() : `${words.slice(0, -1).join(", ")} and ${words.at(-1)}`;
}
