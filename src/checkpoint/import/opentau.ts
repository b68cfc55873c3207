import { z } from "zod";
import type { PromptFormat } from "../../codec/prompt-format.ts";
import { InputError } from "../../input-error.ts";
import { parseInput } from "../../parse-input.ts";
import type { MotionSize, VisionSize } from "../../policy/size.ts";
import type { VariantName } from "../../policy/variant.ts";
import type { ForeignPolicy } from "./imported.ts";
import { camerasOf, lerobotConfigSchema } from "./lerobot-config.ts";
import { belowModule, type ForeignNames } from "./names.ts";
import { opentauModules, opentauNames } from "./opentau-names.ts";
import type { PiFiles } from "./pi.ts";
import { type HeadCounts, layersSizeOf, shapeOf, siglipSizeOf } from "./shape-sizes.ts";
import type { ShapesByName } from "./tensor-source.ts";

const count = z.int().positive();

const plainSchema = lerobotConfigSchema.extend({
  prompt_max_length: count,
  num_steps: count,
  config_version: z.int().nullable().optional(),
  n_obs_steps: count.optional(),
  history_interval: count.optional(),
  spacetime_layer_stride: count.optional(),
  use_motion: z.boolean().optional(),
  motion_insert_layer: z.int().nullable().optional(),
  motion_window: z.tuple([count, count, count]).optional(),
});

/** π0 calls the length of its prompts otherwise, and may say in them how good what follows is. */
const pi0Schema = plainSchema
  .omit({ prompt_max_length: true })
  .extend({ tokenizer_max_length: count, advantage: z.enum(["ignore", "on", "use"]) });

type Said = z.infer<typeof plainSchema>;

/** Keys by which a policy is another than that of its row, and what they have to say, where they are there. */
const only: Readonly<Record<string, unknown>> = {
  state_type: "discrete",
  predict_response: false,
  use_modality_embedding: false,
  per_group_projection: false,
  delta_action_state_map: null,
  rope_type: "mrope_interleaved",
  motion_corr_func: "cosine",
  motion_n_encoders: 1,
  motion_norm: "groupnorm",
  motion_int_mode: "lite",
};

/** As OpenTau's low-level policies were taught: noise in absent dims, and past an episode's end copies that others read. */
const taughtByOpentau = {
  unrealInput: "noise",
  actionSight: "both",
  pastEnd: "repeated",
  crossAttentionKeys: "real",
  normalizationEpsilon: 1e-6,
  zeroRange: "lower",
  coincidingQuantiles: "epsilon",
  letterbox: "bilinear-bottom-right",
} as const;

/** What no file says; `null` where it is as published, or where there is one. */
export interface OpentauFacts {
  readonly headWidth: number | null;
  readonly visionHeads: number | null;
  /** Which of its norms' heads is the robot's. */
  readonly embodiment: number | null;
}

type Kind = "pi0" | "pi05" | "pi05_mem" | "pi06" | "pi07_low_level" | "pi07_paligemma_low_level";

/** Where the trunks of a policy stand, below `model`. */
interface Places {
  readonly names: ForeignNames;
  readonly vision: string;
  readonly layers: string;
  readonly expert: string;
  /** Sides of the square of patches that one token stands for. */
  readonly square: number;
  /** Heads of its image tower, and the width of those of its trunks, as published. */
  readonly heads: HeadCounts;
}

const gemma = "gemma3_with_expert";
const ofPaligemma: Places = {
  names: opentauNames.onPaligemma,
  vision: "paligemma_with_expert.paligemma.model.vision_tower.vision_model",
  layers: "paligemma_with_expert.paligemma.model.language_model.layers.*",
  expert: "paligemma_with_expert.gemma_expert.model.layers.*",
  square: 1,
  heads: { headWidth: 256, visionHeads: 16 },
};
const ofGemma3: Places = {
  names: opentauNames.onGemma3,
  vision: `${gemma}.gemma3.model.vision_tower.vision_model`,
  layers: `${gemma}.gemma3.model.language_model.layers.*`,
  expert: `${gemma}.gemma_expert.model.layers.*`,
  square: 2,
  heads: { headWidth: 256, visionHeads: 16 },
};
const ofPi07: Places = {
  ...ofGemma3,
  names: opentauNames.pi07OnGemma3,
  layers: `${gemma}.interleaved_layers.*.backbone_layer`,
  expert: `${gemma}.interleaved_layers.*.expert_layer`,
};

const places: Readonly<Record<Kind, Places>> = {
  pi0: { ...ofPaligemma, names: opentauNames.pi0 },
  pi05: ofPaligemma,
  pi05_mem: ofPaligemma,
  pi06: ofGemma3,
  pi07_low_level: ofPi07,
  pi07_paligemma_low_level: ofPaligemma,
};

/** Which of its policies a folder is of; `null` where it is none of OpenTau's: LeRobot has a π0 and a π0.5 of the same names. */
export function opentauKind(type: unknown, config: unknown, shapes: ShapesByName): Kind | null {
  const kind = kinds.find((one) => one === type) ?? null;
  const isShared = kind === "pi0" || kind === "pi05";
  return isShared && !isOpentau(config, shapes) ? null : kind;
}

/** LeRobot's say no version of their configuration, no actions as tokens beside the flow, and keep no statistics of a plain `state`. */
function isOpentau(config: unknown, shapes: ShapesByName): boolean {
  const isOwn = (name: string) => name.includes(".da_head.") || name.startsWith("normalize_inputs.buffer_state.");
  return (
    (typeof config === "object" && config !== null && "config_version" in config) || [...shapes.keys()].some(isOwn)
  );
}

const kinds: readonly Kind[] = ["pi0", "pi05", "pi05_mem", "pi06", "pi07_low_level", "pi07_paligemma_low_level"];

/**
 * A low-level policy as OpenTau's `save_pretrained` leaves it. What says its actions as tokens beside the flow, or a response, stays behind.
 *
 * @throws InputError naming the file, and what of its configuration or its shapes does not fit
 * @source OpenTau 0.14.0 `policies/pretrained.py`, `configs/policies.py` and the configurations of the policies
 */
export function opentauPolicy(kind: Kind, { where, config, shapes }: PiFiles, given: OpentauFacts): ForeignPolicy {
  const read = saidBy(kind, where, config);
  expectRow(where, config);
  const { heads, square, ...at } = places[kind];
  const [headWidth, visionHeads] = [given.headWidth ?? heads.headWidth, given.visionHeads ?? heads.visionHeads];
  const [vocabulary = 0] = shapeOf(where, shapes, tableIn(shapes, at.names));
  const state = shapes.get("model.state_proj.weight");
  const vision = siglipSizeOf(where, shapes, `model.${at.vision}`, visionHeads);
  const own: VisionSize = { ...vision, square, temporalEvery: read.spacetime_layer_stride ?? 4 };
  return {
    variant: variantOf(kind, read.use_motion ?? false),
    integrationSteps: read.num_steps,
    size: {
      vision: read.use_motion === true ? { ...own, motion: motionOf(where, shapes, read, own) } : own,
      backbone: layersSizeOf(where, shapes, `model.${at.layers}`, headWidth),
      expert: layersSizeOf(where, shapes, `model.${at.expert}`, headWidth),
    },
    vocabulary,
    horizon: read.chunk_size,
    actionWidth: read.max_action_dim,
    stateWidth: state === undefined ? read.max_state_dim : state[1]!,
    promptTokens: read.prompt_max_length,
    ...(read.prompt === null ? {} : { prompt: read.prompt }),
    actionTokens: 0,
    cameras: camerasOf(read),
    ...(plainKinds.has(kind) ? {} : { history: historyOf(read) }),
    norms: { version: read.config_version ?? 0, head: given.embodiment },
    conventions: taughtByOpentau,
    names: { ...belowModule("model", at.names), left: opentauModules },
  };
}

/** Those that see what is now, and nothing before. */
const plainKinds: ReadonlySet<Kind> = new Set(["pi0", "pi05", "pi06"]);

/** What a configuration says, and how prompts are worded where its row of the table does not say it. */
function saidBy(kind: Kind, where: string, config: unknown): Said & { readonly prompt: PromptFormat | null } {
  if (kind !== "pi0")
    return { ...parseInput(where, plainSchema, config), prompt: kind === "pi05" ? "pi05_fast" : null };
  const { tokenizer_max_length, advantage, ...others } = parseInput(where, pi0Schema, config);
  const prompt = advantage === "ignore" ? "smolvla" : "pi0_advantage";
  return { ...others, prompt_max_length: tokenizer_max_length, prompt };
}

function historyOf({ n_obs_steps: slots = 1, history_interval: interval = 1 }: Said) {
  return { slots, interval };
}

function variantOf(kind: Kind, seesMotion: boolean): VariantName {
  return kind === "pi05_mem" && seesMotion ? "pi05_mem_motion" : kind;
}

/** @throws InputError naming the first key that says another policy */
function expectRow(where: string, config: unknown): void {
  const said = new Map(Object.entries(z.record(z.string(), z.unknown()).parse(config)));
  for (const [key, wanted] of Object.entries(only)) {
    const found = said.get(key);
    if (found === undefined || JSON.stringify(found) === JSON.stringify(wanted)) continue;
    throw new InputError(
      `${where}: expected "${key}" to be ${JSON.stringify(wanted)}, as the policies here have it, got ${JSON.stringify(found)}`,
    );
  }
}

/** The name under which a file has the table of tokens: its own, or that of the scores that it is tied to. */
function tableIn(shapes: ShapesByName, { tied }: ForeignNames): string {
  const [[own, other] = ["", ""]] = tied;
  return shapes.has(`model.${own}`) ? `model.${own}` : `model.${other}`;
}

/** Sizes of what sees motion: of its shapes, and of what these do not say. */
function motionOf(
  where: string,
  shapes: ShapesByName,
  { motion_insert_layer: after, motion_window: window = [5, 9, 9] }: Said,
  { layers }: VisionSize,
): MotionSize {
  const encoder = "model.video_encoder.motion_module.stss_encoders.0";
  const [width = 0] = shapeOf(where, shapes, `${encoder}.in_proj.weight`);
  const [extracted = 0] = shapeOf(where, shapes, `${encoder}.stss_extraction.conv0.0.weight`);
  const [fused = 0] = shapeOf(where, shapes, `${encoder}.stss_integration.fuse.1.weight`);
  const [slots, side] = window;
  return { after: after ?? Math.floor(layers / 3), slots, side, width, extracted, fused };
}
