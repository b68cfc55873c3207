import type { LerobotKind, LerobotPolicy } from "../checkpoint/export/lerobot-config.ts";
import type { Manifest } from "../checkpoint/manifest.ts";
import type { NormalizationRecord, StatisticsRecord } from "../checkpoint/robot-record.ts";
import type { PromptFormat } from "../codec/prompt-format.ts";
import { changes } from "../dataset/statistics.ts";
import type { Letterbox } from "../embodiment/picture.ts";
import { InputError } from "../input-error.ts";
import type { PolicyForm } from "../policy/policy.ts";
import type { InterleavedSize, TrunkSize } from "../policy/size.ts";
import { flowChoiceOf, type VariantName } from "../policy/variant.ts";
import { formOf, readingOf } from "../recipe/plan.ts";
import type { Recipe } from "../recipe/schema.ts";
import { promptFormatOf } from "../recipe/text.ts";
import { vectorModesOf } from "../recipe/vector-modes.ts";

type Member = Manifest["members"][number];

/** A robot of the run, and what normalises its numbers. */
export interface ExportedRobot extends Member {
  readonly statistics: NormalizationRecord;
}

/** @throws InputError where none or several fit */
export function memberToExport(where: string, { members }: Manifest, robot: string | null): Member {
  const acting = members.filter(({ embodiment }) => embodiment.target === "actions");
  const fitting = acting.filter(({ name, dataset: own }) => robot === null || [name, own].includes(robot));
  const [found] = fitting;
  if (found !== undefined && fitting.length === 1) return found;
  throw new InputError(
    `${where}: expected one robot to export for, got ${fitting.length}; LeRobot's policies act for one: ` +
      `name it with --robot (${acting.map(({ name }) => `"${name}"`).join(", ")})`,
  );
}

/** How LeRobot's class of a type runs any policy: its prompts, pictures and steps. */
interface Habits {
  /** Formats whose texts its processor makes; of the second it leaves out the cleaning. */
  readonly prompts: readonly PromptFormat[];
  readonly letterbox: Letterbox;
  /** `null` where no flow makes the actions. */
  readonly actionSight: Recipe["conventions"]["actionSight"] | null;
}

const habits: Readonly<Record<LerobotKind["type"], Habits>> = {
  pi0: { prompts: ["smolvla", "pi0"], letterbox: "bilinear-centred", actionSight: "both" },
  pi05: { prompts: ["pi05"], letterbox: "bilinear-centred", actionSight: "both" },
  pi0_fast: { prompts: ["pi0_fast"], letterbox: "bilinear-centred", actionSight: null },
  smolvla: { prompts: ["smolvla"], letterbox: "bilinear-bottom-right", actionSight: "causal" },
};

/** Why no class of LeRobot's runs a policy of a variant. */
const withoutClass: Partial<Readonly<Record<VariantName, string>>> = {
  groot_n15: "LeRobot 0.6.1 has no class of N1.5",
  groot_n16: "LeRobot 0.6.1 has no class of N1.6",
  groot_n17: "LeRobot's class runs Qwen3-VL in front of the action head, and here a backbone of ours stands there",
};

/** What LeRobot's files say of a run's policy, and what the user should know of it. @throws InputError naming everything that its class does otherwise */
export function lerobotPolicy(
  where: string,
  recipe: Recipe,
  robot: ExportedRobot,
): { readonly policy: LerobotPolicy; readonly notes: readonly string[] } {
  const form = formOf(recipe);
  const kind = kindOf(where, recipe, form);
  const others = otherwiseThere(recipe, robot, habits[kind.type]);
  if (others.length > 0)
    throw new InputError(`${where}: expected a policy that LeRobot runs as it was trained, got ${others.join(", ")}`);
  const { policy, conventions } = recipe;
  const { dofs, states, cameras } = robot.embodiment;
  return {
    notes: promptFormatOf(policy) === "pi0" ? ["LeRobot words prompts as they are: send them without underscores"] : [],
    policy: {
      kind,
      states: states.length,
      actions: dofs.length,
      cameras: cameras.map(({ view, key }) => key ?? `observation.images.${view}`),
      horizon: policy.actionHorizon,
      stateWidth: policy.stateWidth,
      actionWidth: policy.actionWidth,
      promptTokens: policy.promptTokens,
      picture: form.size.vision.picture,
      modes: vectorModesOf(recipe),
      epsilon: conventions.normalizationEpsilon,
    },
  };
}

/** @throws InputError where LeRobot has no class of the variant */
function kindOf(where: string, { policy }: Recipe, form: PolicyForm): LerobotKind {
  const { variant } = policy;
  const { size, head } = form;
  const expert = head.kind === "flow" ? head.expert.size : null;
  if (variant === "pi0" || variant === "pi05")
    return { type: variant, integrationSteps: flowChoiceOf(form.variant).integrationSteps };
  if (variant === "pi0_fast") {
    const { most, skipped = 0, temperature = 0 } = policy.actionTokens ?? { most: 0 };
    return { type: variant, most, skipped, temperature };
  }
  if (variant === "smolvla" && expert !== null)
    return {
      type: variant,
      integrationSteps: flowChoiceOf(form.variant).integrationSteps,
      layers: size.backbone.layers,
      jointEvery: jointEveryOf(expert),
      widths: [size.backbone.width, expert.width],
      marksPictures: policy.pictureMarks !== undefined,
    };
  const why = withoutClass[variant];
  throw new InputError(
    `${where}: expected policy.variant ${Object.keys(habits)
      .map((name) => `"${name}"`)
      .join(", ")}, of which LeRobot has a class, got "${variant}"${why === undefined ? "" : `: ${why}`}`,
  );
}

function jointEveryOf(size: TrunkSize | InterleavedSize): number {
  return "jointEvery" in size ? size.jointEvery : 1;
}

/** What LeRobot's class would do to a policy otherwise than its training did. */
function otherwiseThere(recipe: Recipe, { embodiment, statistics }: ExportedRobot, own: Habits): string[] {
  const { policy, data, conventions } = recipe;
  const { dofs, states } = embodiment;
  const isLeading = (entries: readonly { readonly slot: number }[]) => entries.every(({ slot }, at) => slot === at);
  const moves = (vector: StatisticsRecord) => vector.min.every((_, at) => changes(toBounds(vector), at));
  const hasAbsentDims = dofs.length < policy.actionWidth;
  const { letterbox } = readingOf(recipe);
  const prompt = promptFormatOf(policy);
  const isOfBytes = policy.tokenizer === "bytes" || (policy.tokenizer === undefined && policy.vocabulary === undefined);
  return [
    ...(own.actionSight !== null && hasAbsentDims && conventions.unrealInput !== "noise"
      ? ['conventions.unrealInput "zero"']
      : []),
    ...(own.actionSight === null || conventions.actionSight === own.actionSight
      ? []
      : [`conventions.actionSight "${conventions.actionSight}"`]),
    ...(conventions.zeroRange !== "zero" || (moves(statistics.action) && moves(statistics.state))
      ? []
      : ['conventions.zeroRange "zero" with entries that never change']),
    ...(letterbox === own.letterbox ? [] : [`conventions.letterbox "${letterbox}"`]),
    ...(data.actions === "absolute" ? [] : ['data.actions "delta"']),
    ...(policy.history.slots === 1 ? [] : [`policy.history.slots ${policy.history.slots}`]),
    ...(own.prompts.includes(prompt) ? [] : [`policy.prompt "${prompt}"`]),
    ...(policy.variant === "pi0_fast" &&
    (policy.actionTokens?.skipped === undefined || policy.actionTokens.begins !== "prompt")
      ? ["policy.actionTokens of another project than LeRobot"]
      : []),
    ...(isOfBytes ? ['policy.tokenizer "bytes"'] : []),
    ...(isLeading(dofs) && isLeading(states) ? [] : ["entries in other slots than the first"]),
  ];
}

function toBounds({ min, max }: StatisticsRecord) {
  return { min: Float64Array.from(min), max: Float64Array.from(max) };
}
