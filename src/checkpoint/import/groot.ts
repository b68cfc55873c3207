import { z } from "zod";
import { byteTokenizer } from "../../codec/prompt.ts";
import { InputError } from "../../input-error.ts";
import { parseInput } from "../../parse-input.ts";
import { grootN17Sizes } from "../../policy/groot-size.ts";
import type { DitSize, FeatureSize, PolicySize } from "../../policy/size.ts";
import { grootNames } from "./groot-names.ts";
import type { ForeignHead } from "./imported.ts";
import { camerasOf, lerobotConfigSchema } from "./lerobot-config.ts";
import { belowModule } from "./names.ts";
import { modulesBelow, shapeOf } from "./shape-sizes.ts";
import type { ShapesByName } from "./tensor-source.ts";

/** What no shape of a tensor says of GR00T's head. */
export interface GrootCounts {
  /** Width of a head of its transformer, and of the layers over the features. */
  readonly headWidth: number;
  readonly featureHeadWidth: number;
  /** See `DitSize.textEvery`. */
  readonly textEvery: number | null;
}

/** N1.7 as it was published. @source NVIDIA GR00T-N1.7-3B `config.json` */
export const publishedGrootCounts: GrootCounts = { headWidth: 48, featureHeadWidth: 64, textEvery: 2 };

/**
 * As GR00T was released: noise in absent dims, steps that see each other, also those past the end, which do not teach, and features that
 * are read whether they exist or not.
 */
const releasedGroot = {
  unrealInput: "noise",
  actionSight: "both",
  pastEnd: "seen",
  crossAttentionKeys: "asReleasedGr00t",
  normalizationEpsilon: 0,
  zeroRange: "zero",
  coincidingQuantiles: "min-max",
} as const;

const count = z.int().positive();

/** What the code here does alone; another value is refused by its name. */
const transformerSchema = z.object({ attention_head_dim: count, positional_embeddings: z.null() });
const ditSchema = transformerSchema.extend({
  interleave_self_attention: z.literal(true),
  norm_type: z.literal("ada_norm"),
});
const featuresSchema = transformerSchema.extend({ num_layers: z.int().nonnegative() });

const headSchema = z.object({
  action_horizon: count,
  max_state_dim: count,
  add_pos_embed: z.literal(true),
  use_vlln: z.literal(true),
  diffusion_model_cfg: ditSchema,
  vl_self_attention_cfg: featuresSchema.nullish(),
  num_inference_timesteps: count.optional(),
  num_timestep_buckets: z.literal(1000).optional(),
});

const lerobotSchema = lerobotConfigSchema.extend({ num_inference_timesteps: count.nullish() });

const n15Schema = z.object({ action_head_cfg: headSchema });

const n17Schema = headSchema.extend({
  use_alternate_vl_dit: z.boolean(),
  attend_text_every_n_blocks: count,
  state_history_length: z.literal(1),
});

/**
 * GR00T's head as LeRobot's `save_pretrained` leaves it. Its configuration says nothing of heads and blocks: they are the published ones, or
 * given.
 *
 * @throws InputError naming the file, and what of its configuration or its shapes does not fit
 * @source LeRobot `policies/groot/modeling_groot.py`, `groot_n1_7.py`
 */
export function lerobotGroot(
  { where, config, shapes }: ConfiguredFiles,
  counts: GrootCounts,
  embodiment: number | null,
): ForeignHead {
  const read = parseInput(where, lerobotSchema, config);
  const { chunk_size: horizon, max_state_dim: stateWidth, num_inference_timesteps: steps } = read;
  const own = { horizon, stateWidth, cameras: camerasOf(read), embodiment, steps: steps ?? null };
  return groot({ where, shapes, module: "_groot_model." }, counts, own);
}

/** What the user says beside NVIDIA's files, which name no cameras: those of a robot that the backbone is to see by. */
export interface NvidiaFacts {
  readonly embodiment: number | null;
  readonly cameras: readonly string[] | null;
}

/**
 * GR00T N1.5 or N1.7 as NVIDIA's files have it.
 *
 * @throws InputError as `lerobotGroot`
 * @source NVIDIA Isaac-GR00T `gr00t_n1d7.py`, and of N1.5 `gr00t_n1.py`, `flow_matching_action_head.py`
 */
export function nvidiaGroot({ where, config, shapes }: ConfiguredFiles, given: NvidiaFacts): ForeignHead {
  const files = { where, shapes, module: "" } as const;
  if (typeof config === "object" && config !== null && "action_head_cfg" in config)
    return ofVariant(
      "groot_n15",
      where,
      nvidiaHead(files, { ...parseInput(where, n15Schema, config).action_head_cfg, ...given }, null),
    );
  const { use_alternate_vl_dit, attend_text_every_n_blocks, ...head } = parseInput(where, n17Schema, config);
  const textEvery = use_alternate_vl_dit ? attend_text_every_n_blocks : null;
  return ofVariant("groot_n17", where, nvidiaHead(files, { ...head, ...given }, textEvery));
}

/** @throws InputError where the weights are of another variant than their configuration */
function ofVariant(said: "groot_n15" | "groot_n17", where: string, head: ForeignHead): ForeignHead {
  if (head.variant === said) return head;
  throw new InputError(
    `${where}: expected weights of ${said}, as it says, got those of ${head.variant}: N1.5 has future tokens, N1.7 none`,
  );
}

function nvidiaHead(
  files: Files,
  head: z.infer<typeof headSchema> & NvidiaFacts,
  textEvery: number | null,
): ForeignHead {
  const headWidth = head.diffusion_model_cfg.attention_head_dim;
  const featureHeadWidth = head.vl_self_attention_cfg?.attention_head_dim ?? headWidth;
  const { action_horizon: horizon, max_state_dim: stateWidth, num_inference_timesteps: steps = null } = head;
  const own = { horizon, stateWidth, steps, embodiment: head.embodiment, cameras: head.cameras ?? [] };
  return groot(files, { headWidth, featureHeadWidth, textEvery }, own);
}

/** Another project's weights, and its `config.json`. */
export interface ConfiguredFiles {
  readonly where: string;
  readonly config: unknown;
  readonly shapes: ShapesByName;
}

interface Files {
  readonly where: string;
  readonly shapes: ShapesByName;
  /** What the names begin with. */
  readonly module: "" | "_groot_model.";
}

/** What a configuration and the user say. */
interface Asked extends Pick<ForeignHead, "horizon" | "stateWidth" | "cameras"> {
  /** `null` for the first. */
  readonly embodiment: number | null;
  /** From noise to actions; `null` for as many as its variant takes. */
  readonly steps: number | null;
}

function groot(files: Files, counts: GrootCounts, asked: Asked): ForeignHead {
  const { horizon, stateWidth, cameras, embodiment, steps } = asked;
  const shape = (name: string) => shapeOf(files.where, files.shapes, `${files.module}action_head.${name}`);
  const [embodiments = 0, actionWidth = 0] = shape("action_encoder.W1.W");
  const [, stateEntries = 0] = shape("state_encoder.layer1.W");
  if (stateEntries !== stateWidth)
    throw new InputError(
      `${files.where}: expected a state encoder of max_state_dim (${stateWidth}) entries, the state of now, got ${stateEntries}`,
    );
  if (embodiment !== null && embodiment >= embodiments)
    throw new InputError(`${files.where}: expected an embodiment below ${embodiments}, got ${embodiment}`);
  const dit = ditSizeOf(files, counts);
  if (horizon > (dit.places ?? 0))
    throw new InputError(`${files.where}: expected at most ${dit.places} steps, which have a place, got ${horizon}`);
  const [featureWidth = 0] = shape("vlln.weight");
  return {
    variant: dit.future > 0 ? "groot_n15" : "groot_n17",
    ...(steps === null ? {} : { integrationSteps: steps }),
    size: { ...beforeHead(featureWidth), dit },
    vocabulary: byteTokenizer.vocabulary,
    horizon,
    actionWidth,
    stateWidth,
    promptTokens: usualPromptTokens,
    actionTokens: 0,
    cameras,
    conventions: releasedGroot,
    names: files.module === "" ? grootNames : belowModule("_groot_model", grootNames),
    embodiments,
    embodiment: embodiment ?? 0,
  };
}

/** An instruction in bytes. */
const usualPromptTokens = 96;

/** A backbone of ours whose tokens are as wide as the features that the head was trained on. */
function beforeHead(width: number): PolicySize {
  const { tiny, base } = grootN17Sizes;
  const { vision, backbone } = width === base.backbone.width ? base : tiny;
  return { vision, backbone: { ...backbone, width } };
}

function ditSizeOf({ where, shapes, module }: Files, { headWidth, featureHeadWidth, textEvery }: GrootCounts): DitSize {
  const head = `${module}action_head`;
  const shape = (name: string) => shapeOf(where, shapes, `${head}.${name}`);
  const blocks = `${head}.model.transformer_blocks`;
  const [, , width = 0] = shape("action_encoder.W1.W");
  const [, , state = 0] = shape("state_encoder.layer1.W");
  const [, output = 0, decoder = 0] = shape("action_decoder.layer1.W");
  const [, condition = 0] = shape("model.timestep_encoder.timestep_embedder.linear_1.weight");
  const future = shapes.get(`${head}.future_tokens.weight`)?.[0] ?? 0;
  const layers = modulesBelow(shapes, blocks);
  const own = {
    ...blockSizeOf({ where, shapes }, blocks, headWidth),
    layers,
    width,
    state,
    decoder,
    condition,
    output,
  };
  return {
    ...own,
    features: featureSizeOf({ where, shapes }, `${head}.vl_self_attention.transformer_blocks`, featureHeadWidth),
    future,
    places: shape("position_embedding.weight")[0] ?? 0,
    textEvery: future > 0 ? null : textEvery,
  };
}

function featureSizeOf(files: Omit<Files, "module">, blocks: string, headWidth: number): FeatureSize | null {
  const layers = modulesBelow(files.shapes, blocks);
  return layers === 0 ? null : { ...blockSizeOf(files, blocks, headWidth), layers };
}

/** @throws InputError where heads do not divide the rows of queries */
function blockSizeOf({ where, shapes }: Omit<Files, "module">, blocks: string, headWidth: number) {
  const [rows = 0] = shapeOf(where, shapes, `${blocks}.0.attn1.to_q.weight`);
  const [mlp = 0] = shapeOf(where, shapes, `${blocks}.0.ff.net.0.proj.weight`);
  if (rows % headWidth !== 0)
    throw new InputError(`${where}: expected heads of ${headWidth} in "${blocks}", got ${rows} rows of queries`);
  return { mlp, heads: rows / headWidth, headWidth };
}
