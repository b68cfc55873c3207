import type { ForeignPolicy } from "../../checkpoint/import/imported.ts";
import type { KnownRobot } from "../../checkpoint/import/robot.ts";
import type { FastForm } from "../../codec/fast.ts";
import { type PolicySizeName, policySizeNames, type SizeChoice } from "../../policy/size.ts";
import { type Variant, variants } from "../../policy/variant.ts";
import type { Recipe, RecipeDataset } from "../schema.ts";
import type { VectorModes } from "../vector-modes.ts";
import type { TrainingMachine } from "./machine.ts";
import { recipeAround } from "./recipe.ts";

/** What another project's files do not say. */
export interface ImportedChoice {
  /** Of the run. */
  readonly name: string;
  readonly machine: TrainingMachine;
  /** Folder of the tokenizer; `null` where it is not known: then the policy is given tokens. */
  readonly tokenizer: string | null;
  /** Of actions; `null` where it is not known: then what the policy says cannot be read. */
  readonly actionTokenizer: FastForm | null;
  /** Datasets whose cameras are matched to the policy's, below a folder; none where nobody gave any. */
  readonly data: { readonly root: string; readonly datasets: readonly RecipeDataset[] };
}

/**
 * The recipe of weights that come from elsewhere: their policy, and the conventions that they were trained under. Training it goes on with a
 * small learning rate.
 */
export function importedRecipe(policy: ForeignPolicy, known: KnownRobot, choice: ImportedChoice): Recipe {
  const { root, datasets } = choice.data;
  const own: Recipe["policy"] = {
    variant: policy.variant,
    size: namedSize(variants[policy.variant], policy.size),
    parts: null,
    views: known.robot.cameras.map(({ view }) => view),
    actionHorizon: policy.horizon,
    actionWidth: policy.actionWidth,
    stateWidth: Math.max(1, policy.stateWidth),
    promptTokens: policy.promptTokens,
    // The words of an action head's policy are those of our backbone.
    ...("embodiments" in policy ? {} : { vocabulary: policy.vocabulary }),
    ...sayingOf(policy, choice.actionTokenizer),
    ...(policy.integrationSteps === undefined ? {} : { integrationSteps: policy.integrationSteps }),
    ...(policy.pictureMarks === undefined ? {} : { pictureMarks: policy.pictureMarks }),
    ...(choice.tokenizer === null ? {} : { tokenizer: { folder: choice.tokenizer } }),
    ...(known.prompt === null ? {} : { prompt: known.prompt }),
    history: { ...(policy.history ?? { slots: 1, interval: 1 }), dropout: 0 },
  };
  const { recipe } = recipeAround(datasets, own, { root, machine: choice.machine, augmentation: null });
  const { epsilon, modes } = known.normalization;
  return {
    ...recipe,
    name: choice.name,
    reduction: "cells",
    supervision: known.supervision,
    conventions: { ...policy.conventions, normalizationEpsilon: epsilon, zeroRange: "lower" },
    // Some read what does not exist: a shape is a part of their function.
    batch: { ...recipe.batch, shapes: "one" },
    data: { ...recipe.data, normalization: modes.action, ...statesOf(modes) },
    validation: { ...recipe.validation, weights: "parameters" },
    optimizer: { ...recipe.optimizer, peak: 2.5e-5, final: 2.5e-6, ema: null },
  };
}

/** States as actions are, unless their files say otherwise. */
function statesOf({ state, action }: VectorModes): Pick<Recipe["data"], "stateNormalization"> {
  return state === action ? {} : { stateNormalization: state };
}

/** How a policy says its actions, as LeRobot has it do so. */
function sayingOf(
  { actionTokens: most, saying }: ForeignPolicy,
  tokenizer: FastForm | null,
): Pick<Recipe["policy"], "actionTokens"> {
  if (saying === undefined) return {};
  const { skipped, temperature } = saying;
  const drawn = temperature === 0 ? {} : { temperature };
  const known = tokenizer ?? "unknown";
  return { actionTokens: { most, tokenizer: known, skipped, says: "whole chunks", begins: "prompt", ...drawn } };
}

/** A size by its name, where a variant has one like it. */
function namedSize({ sizes }: Variant, size: SizeChoice): SizeChoice {
  const text = sorted(size);
  return policySizeNames.find((name: PolicySizeName) => sorted(sizes[name]) === text) ?? size;
}

/** An object as text in which the order of keys does not matter. */
function sorted(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) =>
    typeof inner === "object" && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([one], [other]) => (one < other ? -1 : 1)))
      : inner,
  );
}
