import type { MetadataFormat } from "../codec/metadata-format.ts";
import type { PromptFormat } from "../codec/prompt-format.ts";
import type { FlowTimes } from "../flow/time.ts";
import { type BackboneChoice, backbones, type ExpertChoice, experts } from "./backbone.ts";
import { grootN15Sizes, grootN17Sizes } from "./groot-size.ts";
import type { GrootDecoder, StateChoice } from "./head/form.ts";
import type { FlowChoice, LossWeights, ObjectiveChoice, ResponseChoice } from "./objective-choice.ts";
import type { PictureMarks } from "./picture-mark.ts";
import type { PrefixSegment } from "./prefix.ts";
import { prefixes } from "./prefixes.ts";
import {
  type FlowSize,
  type GrootSize,
  grootSizes,
  headlessSizes,
  motionSizes,
  type PolicySize,
  type PolicySizeName,
  pi0Sizes,
  pi06Sizes,
  queriesSizes,
  type SizeChoice,
  smolvlaSizes,
} from "./size.ts";
import { type TowerChoice, towers } from "./tower.ts";

/** What every policy chooses. */
interface Choices {
  /** What the backbone reads, in order. */
  readonly prefix: readonly PrefixSegment[];
  /** How instructions are worded, where a recipe says nothing else. */
  readonly prompt: PromptFormat;
  /** How what is known of an episode is worded, where the prefix says it. */
  readonly metadata?: MetadataFormat;
  readonly tower: TowerChoice;
  readonly backbone: BackboneChoice;
  readonly objectives: readonly ObjectiveChoice[];
  /** What it learns of responses beside that, where a recipe has it read them; nothing where the key is missing. */
  readonly response?: ResponseChoice;
}

/** π0's kind: an expert continues the backbone's stream. */
export interface FlowVariant extends Choices {
  readonly head: "flow";
  readonly state: StateChoice;
  readonly expert: ExpertChoice;
  /** Whether the backbone learns nothing from the expert, which reads it all the same (knowledge insulation). */
  readonly insulated: boolean;
  readonly sizes: Readonly<Record<PolicySizeName, FlowSize>>;
}

/** GR00T's kind: a transformer of its own reads the backbone's tokens by cross-attention. */
export interface GrootVariant extends Choices {
  readonly head: "groot";
  readonly decoder: GrootDecoder;
  /** Share of the training samples whose state the head does not know. */
  readonly stateDropout: number;
  readonly sizes: Readonly<Record<PolicySizeName, GrootSize>>;
}

/** π0-FAST's kind: actions are tokens that the backbone says, and nothing stands behind it. */
export interface HeadlessVariant extends Choices {
  readonly head: "none";
  readonly sizes: Readonly<Record<PolicySizeName, PolicySize>>;
}

/** One row per policy: choices, no code. A new paper is a row, or a new member of a union and the compiler lists the places. */
export type Variant = FlowVariant | GrootVariant | HeadlessVariant;

const paligemma = {
  prefix: prefixes.paligemma,
  prompt: "task",
  tower: towers.siglip,
  backbone: backbones.gemma,
} as const;

/** Behind the prompt, where a sample has one: each token reads those before it. */
const response = { tokens: "response", sight: "causal" } as const;

const saidResponse = { kind: "response", scores: "embedding" } as const;

const pi0: FlowVariant = {
  ...paligemma,
  head: "flow",
  state: "suffix token",
  expert: experts.gemma,
  insulated: false,
  sizes: pi0Sizes,
  objectives: [{ kind: "flow", timeDirection: "noise-at-one", integrationSteps: 10 }],
};

const pi05: FlowVariant = {
  ...pi0,
  prefix: [...paligemma.prefix, response],
  state: "prompt text",
  prompt: "pi05",
  expert: experts.adaptiveGemma,
  response: saidResponse,
};

const pi05Mem: FlowVariant = {
  ...pi0,
  state: "prefix token",
  prompt: "pi05_mem",
  prefix: prefixes.pi05Mem,
  backbone: backbones.gemmaByAxes,
  expert: experts.adaptiveGemma,
};

const pi06: FlowVariant = {
  ...pi0,
  prefix: [...prefixes.causalWords, response],
  prompt: "pi06",
  tower: towers.gemma3,
  backbone: backbones.gemma3,
  state: "prompt text",
  expert: experts.adaptiveGemmaOn3,
  sizes: pi06Sizes,
  response: saidResponse,
  objectives: [{ kind: "flow", timeDirection: "noise-at-one", integrationSteps: 5 }],
};

const pi07: FlowVariant = {
  ...pi0,
  prefix: prefixes.pi07,
  prompt: "pi07",
  metadata: "pi07",
  tower: towers.gemma3OverTime,
  backbone: backbones.gemma3,
  state: "prefix token",
  expert: experts.adaptiveGemmaOn3,
  sizes: pi06Sizes,
  objectives: [{ kind: "flow", timeDirection: "noise-at-one", integrationSteps: 5 }],
};

const pi07Paligemma: FlowVariant = {
  ...pi0,
  prefix: prefixes.pi07Paligemma,
  prompt: "pi07_paligemma",
  metadata: "pi07_paligemma",
  state: "prefix token",
  expert: experts.adaptiveGemma,
};

/**
 * @source `pi0`: openpi `pi0.py`; π0 (arXiv:2410.24164). `groot_n15`, `groot_n16`, `groot_n17`: the action heads of GR00T N1.5, N1.6
 *   and N1.7 behind π0's backbone. `pi0_queries`: π0 to whose backbone a picture comes as a few tokens, each found in it by a trained query;
 *   its patches do not read each other. `pi0_prompt`: π0 whose backbone also learns to say its prompt, so that a policy of two objectives is
 *   a row. `pi05`: openpi `pi0.py` with `pi05`; π0.5 (arXiv:2504.16054). `pi05_mem`: OpenTau `policies/pi05_mem/`; MEM; `pi05_mem_motion`: with its `use_motion`. `pi05_fast`,
 *   `pi06_fast`: OpenTau's, which have the backbone say the actions as well. `smolvla`: LeRobot
 *   `policies/smolvla/`; SmolVLA (arXiv:2506.01844). `pi06`: OpenTau `modeling_pi06.py`. `pi07_low_level`,
 *   `pi07_paligemma_low_level`: OpenTau `policies/pi07/low_level/`, `policies/pi07_paligemma/low_level/`; separators follow from the sample
 *   alone; with `_fast`: the same, whose backbone says the actions as well. `pi0_fast`: openpi `pi0_fast.py`, LeRobot
 *   `policies/pi0_fast/`; FAST (arXiv:2501.09747)
 */
export const variants = {
  pi0,
  groot_n16: {
    ...paligemma,
    head: "groot",
    decoder: "by part",
    stateDropout: 0,
    sizes: grootSizes,
    objectives: [{ kind: "flow", timeDirection: "noise-at-zero", times: "from zero", integrationSteps: 4 }],
  },
  groot_n15: {
    ...paligemma,
    head: "groot",
    decoder: "one",
    stateDropout: 0,
    sizes: grootN15Sizes,
    objectives: [{ kind: "flow", timeDirection: "noise-at-zero", times: "from before zero", integrationSteps: 4 }],
  },
  groot_n17: {
    ...paligemma,
    head: "groot",
    decoder: "one",
    stateDropout: 0.2,
    sizes: grootN17Sizes,
    objectives: [{ kind: "flow", timeDirection: "noise-at-zero", times: "from zero", integrationSteps: 4 }],
  },
  pi0_queries: { ...pi0, tower: towers.siglipByPatch, sizes: queriesSizes },
  pi0_prompt: {
    ...pi0,
    prefix: prefixes.causalWords,
    objectives: [...pi0.objectives, { kind: "prompt" }],
  },
  pi05,
  pi05_fast: {
    ...pi05,
    prompt: "pi05_fast",
    insulated: true,
    objectives: [...pi05.objectives, { kind: "action tokens" }],
  },
  pi05_mem: pi05Mem,
  pi05_mem_motion: { ...pi05Mem, tower: towers.siglipWithMotion, sizes: motionSizes },
  smolvla: {
    ...pi0,
    state: "prefix token",
    prompt: "smolvla",
    prefix: prefixes.smolvla,
    tower: towers.smolvlm,
    backbone: backbones.smolvla,
    expert: experts.smolvla,
    sizes: smolvlaSizes,
  },
  pi06,
  pi06_fast: { ...pi06, insulated: true, objectives: [...pi06.objectives, { kind: "action tokens" }] },
  pi07_low_level: pi07,
  pi07_low_level_fast: { ...pi07, insulated: true, objectives: [...pi07.objectives, { kind: "action tokens" }] },
  pi07_paligemma_low_level: pi07Paligemma,
  pi07_paligemma_low_level_fast: {
    ...pi07Paligemma,
    insulated: true,
    objectives: [...pi07Paligemma.objectives, { kind: "action tokens" }],
  },
  pi0_fast: {
    ...paligemma,
    prompt: "pi0_fast",
    head: "none",
    sizes: headlessSizes,
    objectives: [{ kind: "tokens", scores: "own" }],
  },
} as const satisfies Record<string, Variant>;

export type VariantName = keyof typeof variants;

/** A row, and what weights that come from elsewhere may have otherwise. */
export interface VariantChoice {
  readonly variant: VariantName;
  readonly integrationSteps?: number | undefined;
  /** Of a recipe whose policy is to know what it is carrying out: see `FlowChoice`. */
  readonly maxDelay?: number | undefined;
  /** Around each picture; none where the row has none. */
  readonly pictureMarks?: PictureMarks | undefined;
  /** Tokens of a response; none are read or learnt where it is missing. */
  readonly responseTokens?: number | undefined;
  readonly lossWeights?: LossWeights | undefined;
}

/** The row that a choice stands for. */
export function variantOf(choice: VariantChoice): Variant {
  const { variant, integrationSteps, maxDelay, pictureMarks: marks, responseTokens, lossWeights = {} } = choice;
  const row: Variant = variants[variant];
  const learnt = responseTokens === undefined || row.response === undefined ? [] : [row.response];
  const kept = [...row.objectives, ...learnt].filter(({ kind }) => lossWeights[kind] !== 0);
  const chosen = {
    ...(integrationSteps === undefined ? {} : { integrationSteps }),
    ...(maxDelay === undefined ? {} : { maxDelay }),
  };
  const objectives = kept.map((objective) => (objective.kind === "flow" ? { ...objective, ...chosen } : objective));
  const prefix = row.prefix.map(
    (part): PrefixSegment =>
      part.tokens === "pictures" && marks !== undefined ? { ...part, tokens: "marked pictures", marks } : part,
  );
  return { ...row, objectives, prefix };
}

/** Every variant's name, in the order of the table. */
export const variantNames: readonly VariantName[] = Object.keys(variants).filter((name): name is VariantName =>
  Object.hasOwn(variants, name),
);

/** What comes before the head of a variant, at a size. */
export function sizeBeforeHead({ sizes }: Variant, size: SizeChoice): PolicySize {
  return typeof size === "string" ? sizes[size] : size;
}

/** @throws RangeError if a size of its own has no expert */
export function flowSizeOf({ sizes }: FlowVariant, size: SizeChoice): FlowSize {
  if (typeof size === "string") return sizes[size];
  if (!("expert" in size)) throw new RangeError('flowSizeOf: expected a size with an "expert", got one with a "dit"');
  return size;
}

/** @throws RangeError if a size of its own has no transformer of its own */
export function grootSizeOf({ sizes }: GrootVariant, size: SizeChoice): GrootSize {
  if (typeof size === "string") return sizes[size];
  if (!("dit" in size)) throw new RangeError('grootSizeOf: expected a size with a "dit", got one with an "expert"');
  return size;
}

/** Where on the path noise stands; `none` where a policy has no flow. */
export function timeDirectionOf({ objectives }: Variant): FlowTimes["timeDirection"] | "none" {
  return objectives.find((objective) => objective.kind === "flow")?.timeDirection ?? "none";
}

/** @throws RangeError if the policy has no flow */
export function flowChoiceOf({ objectives }: Variant): FlowChoice {
  const found = objectives.find((objective) => objective.kind === "flow");
  if (found === undefined) throw new RangeError("flowChoiceOf: expected a policy with a flow, got one without");
  return found;
}

/** Share of a policy's training samples whose state it does not know. */
export function stateDropoutOf(variant: Variant): number {
  return variant.head === "groot" ? variant.stateDropout : 0;
}
