import { z } from "zod";
import { InputError } from "../../input-error.ts";
import { parseInput } from "../../parse-input.ts";
import type { PictureMarks } from "../../policy/picture-mark.ts";
import type { InterleavedSize, VisionSize } from "../../policy/size.ts";
import type { ForeignPolicy } from "./imported.ts";
import { camerasOf, lerobotConfigSchema } from "./lerobot-config.ts";
import { shuffledConnectorRows, siglipRows, trunkRows } from "./module-names.ts";
import { affine, type ForeignNames, within } from "./names.ts";
import type { PiFiles } from "./pi.ts";
import { type HeadCounts, shapeOf, siglipSizeOf, trunkSizeOf } from "./shape-sizes.ts";
import type { ShapesByName } from "./tensor-source.ts";

const model = "model.vlm_with_expert";
const vision = `${model}.vlm.model.vision_model`;
const connector = `${model}.vlm.model.connector`;
const text = `${model}.vlm.model.text_model`;
const expert = `${model}.lm_expert`;

/**
 * SmolVLA as LeRobot's files hold it. SmolLM2's own head, which is not called, is no other name of its table of tokens.
 *
 * @source LeRobot `policies/smolvla/modeling_smolvla.py`, `smolvlm_with_expert.py`
 */
export const smolvlaNames: ForeignNames = {
  project: "SmolVLA",
  rows: [
    ...within("vision.tower", vision, siglipRows),
    ...within("vision.projector", connector, shuffledConnectorRows),
    ["embedding.weight", `${text}.embed_tokens.weight`, "y e"],
    ...within("backbone", text, trunkRows),
    ...within("expert", expert, trunkRows),
    ...affine("state", "model.state_proj", "e", "s"),
    ...affine("action.in", "model.action_in_proj", "e", "d"),
    ...affine("action.time.in", "model.action_time_mlp_in", "e", "j"),
    ...affine("action.time.out", "model.action_time_mlp_out", "e", "j"),
    ...affine("action.out", "model.action_out_proj", "d", "e"),
  ],
  tied: new Map(),
  unused: new Set([`${model}.vlm.lm_head.weight`]),
};

/** Heads of SmolVLM2-500M-Video-Instruct, which the expert has as well. */
export const publishedSmolvlaHeads: HeadCounts = { headWidth: 64, visionHeads: 12 };

/** As SmolVLA was released: noise in absent dims. Its steps are causal, so those past the end reach nothing that teaches. */
const releasedSmolvla = {
  unrealInput: "noise",
  actionSight: "causal",
  pastEnd: "hidden",
  crossAttentionKeys: "real",
  normalizationEpsilon: 1e-8,
  zeroRange: "epsilon",
  coincidingQuantiles: "epsilon",
  letterbox: "bilinear-bottom-right",
} as const;

const side = z.int().positive();

const configSchema = lerobotConfigSchema.extend({
  tokenizer_max_length: z.int().positive(),
  resize_imgs_with_padding: z.tuple([side, side]),
  attention_mode: z.enum(["cross_attn", "self_attn"]),
  self_attn_every_n_layers: z.int(),
  add_image_special_tokens: z.boolean(),
  min_period: z.literal(4e-3),
  max_period: z.literal(4),
  adapt_to_pi_aloha: z.literal(false),
  num_steps: z.int().positive(),
  /** 0 and less for all that the language model was published with. */
  num_vlm_layers: z.int().optional(),
});

type SmolvlaConfig = z.infer<typeof configSchema>;

type Around = Pick<PictureMarks, "before" | "after">;

/** SmolVLM2's: before a picture `<fake_token_around_image>` and `<global-img>`, behind it the first again. */
const smolvlm2Marks: Around = { before: [49_189, 49_152], after: [49_189] };

/**
 * SmolVLA as LeRobot's `save_pretrained` leaves it. How long a prefix is padded changes nothing, as what fills it is read nowhere.
 *
 * @param files `config.json`, and the shapes of the weights
 * @param said tokens around each picture, where the weights have some and these are not those of SmolVLM2
 * @throws InputError naming the file, and what of its configuration or its shapes does not fit
 * @source LeRobot `policies/smolvla/configuration_smolvla.py`
 */
export function lerobotSmolvla(
  { where, config, shapes }: PiFiles,
  heads: HeadCounts,
  said: Around | null,
): ForeignPolicy {
  const read = parseInput(where, configSchema, config);
  const [vocabulary = 0] = shapeOf(where, shapes, `${text}.embed_tokens.weight`);
  return {
    variant: "smolvla",
    integrationSteps: read.num_steps,
    ...(read.add_image_special_tokens ? { pictureMarks: marksOf(where, said ?? smolvlm2Marks, vocabulary) } : {}),
    size: {
      vision: visionSizeOf(where, shapes, read, heads),
      backbone: trunkSizeOf(where, shapes, text, heads.headWidth),
      expert: expertSizeOf(where, shapes, read, heads),
    },
    vocabulary,
    horizon: read.chunk_size,
    actionWidth: read.max_action_dim,
    stateWidth: read.max_state_dim,
    promptTokens: read.tokenizer_max_length,
    actionTokens: 0,
    cameras: camerasOf(read),
    conventions: releasedSmolvla,
    names: smolvlaNames,
  };
}

/** @throws InputError where the table of tokens does not have them */
function marksOf(where: string, { before, after }: Around, vocabulary: number): PictureMarks {
  const last = Math.max(...before, ...after);
  if (last >= vocabulary)
    throw new InputError(
      `${where}: expected a table with the tokens around each picture, up to ${last}, got ${vocabulary} of them`,
    );
  return { before, after, ofAbsent: "read" };
}

/** Patches along a side of a picture at which SmolVLM's places, computed in float32, are not those of the patches. */
const misplacedSides: ReadonlySet<number> = new Set([19, 25, 29, 31]);
const longestPlacedSide = 37;

/** @throws InputError where pictures have another size than its table of positions, or where patches get places of others */
function visionSizeOf(where: string, shapes: ShapesByName, config: SmolvlaConfig, heads: HeadCounts): VisionSize {
  const size = siglipSizeOf(where, shapes, vision, heads.visionHeads);
  const { picture, patch, width } = size;
  if (config.resize_imgs_with_padding.some((length) => length !== picture))
    throw new InputError(
      `${where}: expected "resize_imgs_with_padding" to be [${picture}, ${picture}], for which the image tower has positions, ` +
        `got [${config.resize_imgs_with_padding.join(", ")}]`,
    );
  const patches = picture / patch;
  if (misplacedSides.has(patches) || patches > longestPlacedSide)
    throw new InputError(
      `${where}: expected pictures whose patches SmolVLM puts in their places, got ${patches} along a side, where its rounding puts some ` +
        `in others'; at most ${longestPlacedSide}, and not ${[...misplacedSides].join(", ")}, are supported`,
    );
  const [, shuffled = 0] = shapeOf(where, shapes, `${connector}.modality_projection.proj.weight`);
  const square = Math.sqrt(shuffled / width);
  if (!Number.isInteger(patches / square))
    throw new InputError(
      `${where}: expected a connector of squares that cover ${patches} patches along a side, got ${shuffled} numbers a token of patches ${width} wide`,
    );
  return { ...size, square };
}

/** Whether a layer also reads its own stream stands in the configuration; by default, as published, every second one does. */
function expertSizeOf(where: string, shapes: ShapesByName, config: SmolvlaConfig, heads: HeadCounts): InterleavedSize {
  const size = trunkSizeOf(where, shapes, expert, heads.headWidth);
  const { layers } = trunkSizeOf(where, shapes, text, heads.headWidth);
  if (size.layers !== layers)
    throw new InputError(
      `${where}: expected an expert of as many layers as the language model (${layers}), got ${size.layers}; ` +
        "LeRobot does not sample from one of fewer",
    );
  const said = config.num_vlm_layers ?? 0;
  if (said > 0 && said !== layers)
    throw new InputError(`${where}: expected "num_vlm_layers" to be ${layers} as in its weights, got ${said}`);
  const every = config.attention_mode === "self_attn" ? 1 : Math.max(0, config.self_attn_every_n_layers);
  return { ...size, jointEvery: every };
}
