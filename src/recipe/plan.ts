import type { Reading } from "../batch/example.ts";
import type { BatchLayout } from "../batch/layout.ts";
import type { LoadPlan, Units } from "../batch/maker.ts";
import { type MeasureOptions, measureNormalization, type NormalizationStatistics } from "../batch/measure.ts";
import { checkMetadata } from "../batch/metadata-check.ts";
import { checkSamples, type SampleFindings } from "../batch/sample-check.ts";
import { type Conventions, letterboxOf, normalizationConventionOf } from "../checkpoint/conventions.ts";
import type { Manifest } from "../checkpoint/manifest.ts";
import { decodeStatistics } from "../checkpoint/robot-record.ts";
import { givenResponseTokens } from "../codec/response.ts";
import { changes } from "../dataset/statistics.ts";
import type { ActionFrame } from "../embodiment/delta.ts";
import type { Embodiment } from "../embodiment/embodiment.ts";
import { type NormalizationConvention, normalization } from "../embodiment/normalize.ts";
import { actionConversionsOf, conversionsOf, ofRecorded } from "../embodiment/unit.ts";
import { InputError } from "../input-error.ts";
import type { Term } from "../loss/reduction.ts";
import { type GroupNames, groupKey } from "../metric/group.ts";
import type { Member, Mixture, OpenMixture } from "../mixture/mixture.ts";
import type { TargetOptions } from "../objective/target.ts";
import { objectiveTargets, objectiveTerms } from "../objective/terms.ts";
import type { Setting } from "../objective/traced.ts";
import { repeatsLastAction } from "../policy/head/form.ts";
import { type PolicyForm, policyForm } from "../policy/policy.ts";
import { textsOf } from "../policy/prefixes.ts";
import { sizeBeforeHead, timeDirectionOf, variantOf, variants } from "../policy/variant.ts";
import { Rules } from "../validity/rules.ts";
import { actionVocabularyOf, answerChoiceOf, answersOf, taughtAnswersOf } from "./answer.ts";
import { knownReadingOf, knownSizesOf } from "./known.ts";
import { decodesParts, embodimentWeightProblems, headOf, partProblems, partsOf, wholeAction } from "./parts.ts";
import type { Recipe } from "./schema.ts";
import { promptFormatOf, textTokens } from "./text.ts";
import { tokenizerOf } from "./tokenizer.ts";
import { type VectorModes, vectorModesOf } from "./vector-modes.ts";

/** Everything that training, validation and serving derive from a recipe and its data: plain values, no open files. */
export interface Plan {
  readonly recipe: Recipe;
  readonly mixture: Mixture;
  readonly statistics: ReadonlyMap<string, NormalizationStatistics>;
  readonly rules: Rules;
  /** What the check of the samples found, one of each member. */
  readonly findings: readonly SampleFindings[];
}

/**
 * The plan of a recipe: checks all its data and measures their statistics.
 *
 * @param cache folder for what has been measured
 * @throws InputError with everything that would stop a sample later on
 */
export async function planOf(recipe: Recipe, open: OpenMixture, cache: string): Promise<Plan> {
  const findings = await checkData(recipe, open, cache);
  const rules = Rules.all;
  const measuring = measuringOf(recipe);
  const statistics = await measureNormalization(open, { ...measuring, cache, rules, pastEnd: "nothing" });
  refuseRest(open.mixture, statistics);
  return { recipe, mixture: open.mixture, statistics, rules, findings };
}

/** @throws InputError where no dof of a robot changes: there is nothing to learn, and a loss of 0 would say that it was learnt */
function refuseRest({ normalizationGroups, members }: Mixture, statistics: Plan["statistics"]): void {
  for (const group of normalizationGroups) {
    const action = statistics.get(group.name)?.action;
    if (action === undefined || action.count === 0 || action.mean.length === 0) continue;
    if ([...action.mean.keys()].some((dof) => changes(action, dof))) continue;
    const datasets = group.members.map((at) => `"${members[at]!.datasetName}"`).join(", ");
    throw new InputError(
      `dataset ${datasets}: expected dofs that move, got ${action.mean.length} that never change in ${action.count} training samples; ` +
        "there is nothing to learn: name another column of actions in the mapping, or leave the dataset out",
    );
  }
}

/**
 * The plan for trained weights, with the statistics that they were trained under.
 *
 * @throws InputError as `planOf`, and where a dataset belongs to a normalisation group that they have no statistics of
 */
export async function planUnder(manifest: Manifest, recipe: Recipe, open: OpenMixture, cache: string): Promise<Plan> {
  const missing = open.mixture.normalizationGroups.filter(({ name }) => !Object.hasOwn(manifest.statistics, name));
  if (missing.length > 0)
    throw new InputError(
      `expected normalisation groups that the weights were trained on (${Object.keys(manifest.statistics).join(", ")}), ` +
        `got ${missing.map(({ name }) => `"${name}"`).join(", ")}`,
    );
  const found = open.mixture.normalizationGroups.map(({ name }) => name);
  const problems = embodimentWeightProblems(headOf(recipe.policy), Object.keys(manifest.statistics), found);
  if (problems.length > 0) throw new InputError(problems.join("; "));
  const findings = await checkData(recipe, open, cache);
  const statistics = Object.entries(manifest.statistics).map(
    ([name, { action, state }]): [string, NormalizationStatistics] => [
      name,
      { action: decodeStatistics(action), state: decodeStatistics(state) },
    ],
  );
  return { recipe, mixture: open.mixture, statistics: new Map(statistics), rules: Rules.all, findings };
}

async function checkData(recipe: Recipe, open: OpenMixture, cache: string): Promise<SampleFindings[]> {
  const layout = layoutOf(recipe, recipe.batch.microBatch);
  const problems = open.mixture.members.flatMap(({ name, embodiment }) =>
    partProblems(recipe.policy, name, embodiment),
  );
  if (problems.length > 0) throw new InputError(problems.join("; "));
  const tokenizer = tokenizerOf(recipe);
  await checkMetadata(open, { ...readingOf(recipe), tokenizer, limit: layout.metadataTokens ?? 0 });
  return await checkSamples(open, {
    layout,
    tokenizer,
    prompt: promptFormatOf(recipe.policy),
    longPrompt: readingOf(recipe).longPrompt,
    cache,
  });
}

/** The keys of a recipe on which its statistics for normalisation depend. */
export function measuringOf({ data, policy }: Recipe): Pick<MeasureOptions, "reading" | "steps"> {
  return { reading: { rate: data.rate, actionFrame: data.actions }, steps: policy.actionHorizon };
}

/** How samples are read. */
export function readingOf({ data, policy, conventions }: Recipe): Reading {
  return {
    rate: data.rate,
    interval: policy.history.interval,
    historyDropout: policy.history.dropout,
    responseDropout: policy.responseDropout ?? 0,
    actionFrame: data.actions,
    pastEnd: repeatsLastAction(conventions.pastEnd) ? "last action" : "nothing",
    prompt: promptFormatOf(policy),
    longPrompt: data.longPrompt ?? "refuse",
    letterbox: letterboxOf(conventions),
    augmentation: data.augmentation ?? "none",
    ...knownReadingOf({ data, policy }),
  };
}

/** Sizes of a micro-batch of some rows. */
export function layoutOf({ policy }: Recipe, rows: number): BatchLayout {
  return {
    rows,
    steps: policy.actionHorizon,
    actionWidth: policy.actionWidth,
    stateWidth: policy.stateWidth,
    views: policy.views.length,
    observations: policy.history.slots,
    tokens: policy.promptTokens,
    responseTokens: policy.responseTokens ?? 0,
    actionTokens: answerChoiceOf({ policy })?.most ?? 0,
    ...knownSizesOf(policy),
    pictureSize: sizeBeforeHead(variants[policy.variant], policy.size).vision.picture,
  };
}

/** What the policy of a recipe is built from; a set of weights by embodiment for each dataset: no mixture has more normalisation groups. */
export function formOf({ policy, conventions, data }: Recipe): PolicyForm {
  const variant = variantOf(policy);
  const texts = textsOf(variant).length === 0 ? {} : { texts: textTokens(variant, tokenizerOf({ policy })) };
  const form = policyForm(variant, policy.size, {
    ...texts,
    vocabulary: policy.vocabulary ?? (answersOf({ policy })?.codec ?? tokenizerOf({ policy })).vocabulary,
    actionVocabulary: actionVocabularyOf({ policy }),
    parts: partsOf(policy),
    // Weights that were imported without datasets act for one robot.
    embodiments: Math.max(1, data.datasets.length),
    crossAttentionKeys: conventions.crossAttentionKeys,
    horizon: policy.actionHorizon,
    actionSight: conventions.actionSight,
    pastEnd: conventions.pastEnd,
  });
  return { ...form, adapters: policy.adapters ?? null };
}

/** The policy on micro-batches of some rows. */
export function settingOf({ recipe, rules }: Pick<Plan, "recipe" | "rules">, rows: number): Setting {
  return {
    form: formOf(recipe),
    layout: layoutOf(recipe, rows),
    unrealInput: conventionsOf(recipe).unrealInput,
    rules,
    hidden: "plain",
    pictures: "uint8",
  };
}

/** The conventions that a recipe trains weights under. */
export function conventionsOf(recipe: Recipe): Conventions {
  return {
    ...recipe.conventions,
    timeDirection: timeDirectionOf(variants[recipe.policy.variant]),
    supervision: recipe.supervision,
    reduction: recipe.reduction,
  };
}

/** The terms of the loss: those of each objective, in their order. */
export function termsOf({ recipe, rules }: Pick<Plan, "recipe" | "rules">): readonly Term[] {
  const { reduction, policy } = recipe;
  const { objectives } = variantOf(policy);
  const parts = decodesParts(policy.variant) ? partsOf(policy) : [wholeAction(policy)];
  return objectives.flatMap((objective) => {
    const weight = policy.lossWeights?.[objective.kind] ?? 1;
    return objectiveTerms(objective, { reduction, weight, parts, rules });
  });
}

/** How a robot's numbers are normalised. */
export interface UnitChoice {
  readonly modes: VectorModes;
  readonly convention: NormalizationConvention;
  readonly frame: ActionFrame;
}

/** Unit scales of a robot's numbers as they are recorded, from the statistics of its normalisation group. */
export function unitsOf(
  { action, state }: NormalizationStatistics,
  { dofs, states }: Embodiment,
  { modes, convention, frame }: UnitChoice,
): Units {
  return {
    action: ofRecorded(normalization(modes.action, action, convention), actionConversionsOf(dofs, frame)),
    state: ofRecorded(normalization(modes.state, state, convention), conversionsOf(states)),
  };
}

/** What the loader's workers read; members are normalised with the statistics of their normalisation group. */
export function loadPlanOf(plan: Plan): LoadPlan {
  const { recipe, mixture } = plan;
  const modes = vectorModesOf(recipe);
  const convention = normalizationConventionOf(recipe.conventions);
  const units = mixture.members.map(({ normalizationGroup, embodiment }) =>
    unitsOf(statisticsOf(plan, normalizationGroup), embodiment, { modes, convention, frame: recipe.data.actions }),
  );
  const { pictureMemoryBytes } = recipe.data;
  const reading = readingOf(recipe);
  const answers = taughtAnswersOf(recipe);
  const { seed, policy } = recipe;
  const tokenizer = policy.tokenizer ?? "bytes";
  return { seed, members: mixture.members, units, reading, tokenizer, answers, pictureMemoryBytes };
}

/** How a batch gets its noise, its times and its supervision. */
export function targetOf(plan: Plan, purpose: TargetOptions["purpose"]): TargetOptions {
  const { recipe, mixture, rules } = plan;
  const moving = new Map(mixture.members.map((member) => [groupKey(member), movingDofs(plan, member)]));
  return {
    seed: recipe.seed,
    purpose,
    supervision: recipe.supervision,
    pastEnd: recipe.conventions.pastEnd,
    objectives: objectiveTargets(formOf(recipe), {
      unrealInput: recipe.conventions.unrealInput,
      given: givenResponseOf(recipe),
    }),
    datasets: mixture.datasets,
    moves: (provenance, dof) => moving.get(groupKey(provenance))?.[dof] === true,
    rules,
  };
}

/** Tokens of a response that stand there whatever it is. */
function givenResponseOf(recipe: Recipe): number {
  if (recipe.policy.responseTokens === undefined) return 0;
  return givenResponseTokens(tokenizerOf(recipe), promptFormatOf(recipe.policy));
}

/** Names and shares of the groups that validation reports. */
export function groupNamesOf({ mixture }: Plan): GroupNames {
  const shares = new Map(mixture.members.map((member) => [groupKey(member), member.share]));
  return {
    datasets: mixture.datasets,
    controlModes: mixture.controlModes,
    share: (provenance) => shares.get(groupKey(provenance)) ?? 0,
  };
}

function movingDofs(plan: Plan, { normalizationGroup, embodiment }: Member): boolean[] {
  const { action } = statisticsOf(plan, normalizationGroup);
  return embodiment.dofs.map((_, dof) => changes(action, dof));
}

/** What a normalisation group is normalised with. @throws RangeError where the plan has no such group */
export function statisticsOf(
  { mixture, statistics }: Pick<Plan, "mixture" | "statistics">,
  group: number,
): NormalizationStatistics {
  const name = mixture.normalizationGroups[group]!.name;
  const found = statistics.get(name);
  if (found === undefined) throw new RangeError(`plan: expected statistics of normalisation group "${name}", got none`);
  return found;
}
