import { z } from "zod";
import { InputError } from "../../input-error.ts";
import { parseInput } from "../../parse-input.ts";
import type { FlowSize } from "../../policy/size.ts";
import type { ForeignPolicy } from "./imported.ts";
import { camerasOf, lerobotConfigSchema } from "./lerobot-config.ts";
import { belowModule } from "./names.ts";
import { openpiAdaptiveNames, openpiNames } from "./openpi.ts";
import { type HeadCounts, shapeOf, siglipSizeOf, trunkSizeOf } from "./shape-sizes.ts";
import type { ShapesByName } from "./tensor-source.ts";

const count = z.int().positive();

const lerobotSchema = lerobotConfigSchema.extend({
  tokenizer_max_length: count,
  num_inference_steps: count.optional(),
  image_resolution: z.tuple([count, count]).optional(),
  min_period: z.literal(4e-3).optional(),
  max_period: z.literal(4).optional(),
});

/** What openpi's converter says of a policy, of which its trainer says nothing. */
const openpiSchema = z.object({ action_dim: count, action_horizon: count });

/** Heads of PaliGemma and its expert as they were published. @source openpi `gemma.py` `get_config`, `siglip.py` */
export const publishedPiHeads: HeadCounts = { headWidth: 256, visionHeads: 16 };

/** @source openpi `model.py` `IMAGE_KEYS` */
const openpiCameras = ["base_0_rgb", "left_wrist_0_rgb", "right_wrist_0_rgb"] as const;

/** As π0 and π0.5 were released: noise in absent dims, actions that see each other, steps past the end that teach a copy. */
const releasedPi = {
  unrealInput: "noise",
  actionSight: "both",
  pastEnd: "taught",
  crossAttentionKeys: "real",
  normalizationEpsilon: 1e-8,
  zeroRange: "epsilon",
  coincidingQuantiles: "epsilon",
  letterbox: "bilinear-centred",
} as const;

/** What their files call the parameters of the two, and how many tokens openpi gives their prompts. @source openpi `pi0_config.py` */
const kinds = {
  pi0: { names: openpiNames, promptTokens: 48 },
  pi05: { names: openpiAdaptiveNames, promptTokens: 200 },
} as const;

/** What the shapes of openpi's files leave open; `null` where a file says it, or where it is as published. */
export interface OpenpiFacts extends HeadCounts {
  readonly horizon: number | null;
  readonly cameras: readonly string[] | null;
}

/** A folder's files: where they stand, what its `config.json` says, and what tensors it has. */
export interface PiFiles {
  readonly where: string;
  readonly config: unknown;
  readonly shapes: ShapesByName;
}

/**
 * π0 or π0.5 as LeRobot's `save_pretrained` leaves it.
 *
 * @throws InputError naming the file, and what of its configuration or its shapes does not fit
 * @source LeRobot `policies/pi0/modeling_pi0.py`, `policies/pi05/modeling_pi05.py` and their configurations
 */
export function lerobotPi(variant: keyof typeof kinds, files: PiFiles, heads: HeadCounts): ForeignPolicy {
  const read = parseInput(files.where, lerobotSchema, files.config);
  const sizes = sizesOf(files, "model.", heads);
  const { picture } = sizes.size.vision;
  if (read.image_resolution?.some((length) => length !== picture))
    throw new InputError(
      `${files.where}: expected "image_resolution" to be [${picture}, ${picture}], for which the image tower has positions, ` +
        `got [${read.image_resolution.join(", ")}]`,
    );
  return {
    variant,
    ...(read.num_inference_steps === undefined ? {} : { integrationSteps: read.num_inference_steps }),
    ...sizes,
    horizon: read.chunk_size,
    actionWidth: read.max_action_dim,
    stateWidth: read.max_state_dim,
    promptTokens: read.tokenizer_max_length,
    actionTokens: 0,
    cameras: camerasOf(read),
    conventions: releasedPi,
    names: belowModule("model", kinds[variant].names),
  };
}

/** Whether tensors are those of openpi's PyTorch models. */
export function isOpenpi(shapes: ShapesByName): boolean {
  return shapes.has("action_in_proj.weight") && [...shapes.keys()].some((name) => name.startsWith(`${expertOf("")}.`));
}

/**
 * π0 or π0.5 as openpi's PyTorch trainer and its converter from JAX leave it: by its shapes, and by its `config.json` where it has one.
 *
 * @throws InputError naming the folder, and what is not said or does not fit
 * @source openpi `scripts/train_pytorch.py` `save_checkpoint`, `examples/convert_jax_model_to_pytorch.py`, `models/pi0_config.py`
 */
export function openpiPi(files: PiFiles, given: OpenpiFacts): ForeignPolicy {
  const { where, config, shapes } = files;
  const variant = shapes.has("state_proj.weight") ? "pi0" : "pi05";
  const { names, promptTokens } = kinds[variant];
  const [, actionWidth = 0] = shapeOf(where, shapes, "action_in_proj.weight");
  const said = config === null ? null : parseInput(where, openpiSchema, config);
  if (said !== null && said.action_dim !== actionWidth)
    throw new InputError(
      `${where}: expected "action_dim" to be ${actionWidth} as in its weights, got ${said.action_dim}`,
    );
  const horizon = given.horizon ?? said?.action_horizon;
  if (horizon === undefined)
    throw new InputError(
      `${where}: expected the steps of an action chunk, which no file of the folder says, got none; say them with --horizon`,
    );
  return {
    variant,
    ...sizesOf(files, "", given),
    horizon,
    actionWidth,
    stateWidth: variant === "pi0" ? (shapeOf(where, shapes, "state_proj.weight")[1] ?? 0) : actionWidth,
    promptTokens,
    actionTokens: 0,
    cameras: given.cameras ?? openpiCameras,
    conventions: releasedPi,
    names,
  };
}

function expertOf(module: string): string {
  return `${module}paligemma_with_expert.gemma_expert.model`;
}

function sizesOf({ where, shapes }: PiFiles, module: string, { headWidth, visionHeads }: HeadCounts) {
  const paligemma = `${module}paligemma_with_expert.paligemma`;
  const tables = ["lm_head", "model.language_model.embed_tokens"].map((name) => `${paligemma}.${name}.weight`);
  const [vocabulary = 0] = shapeOf(where, shapes, tables.find((name) => shapes.has(name)) ?? tables[0]!);
  const size: FlowSize = {
    vision: siglipSizeOf(where, shapes, `${paligemma}.model.vision_tower.vision_model`, visionHeads),
    backbone: trunkSizeOf(where, shapes, `${paligemma}.model.language_model`, headWidth),
    expert: trunkSizeOf(where, shapes, expertOf(module), headWidth),
  };
  return { size, vocabulary };
}
