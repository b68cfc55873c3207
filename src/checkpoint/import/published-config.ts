import { z } from "zod";
import { InputError } from "../../input-error.ts";
import type { Activation } from "../../nn/mlp.ts";
import { parseInput } from "../../parse-input.ts";
import { type AttentionRange, type BackboneChoice, backbones } from "../../policy/backbone.ts";
import { type TowerChoice, towers } from "../../policy/tower.ts";

/** Language models whose layers are built here, by what their configurations call them. */
const textTypes = ["gemma", "gemma3_text", "llama"] as const;

export type TextType = (typeof textTypes)[number];

const count = z.int().positive();
const bases = z.looseObject({ rope_theta: z.number().nullish(), rope_type: z.string().nullish() });

/** What is read of a language model's configuration, under the names of transformers 4 and 5; what is missing there is as its class has it. */
const textSchema = z.object({
  model_type: z.string().optional(),
  num_attention_heads: count.optional(),
  num_key_value_heads: count.nullish(),
  head_dim: count.nullish(),
  hidden_act: z.string().nullish(),
  hidden_activation: z.string().nullish(),
  rms_norm_eps: z.number().optional(),
  query_pre_attn_scalar: z.number().optional(),
  sliding_window: count.nullish(),
  sliding_window_pattern: count.nullish(),
  layer_types: z.array(z.enum(["sliding_attention", "full_attention"])).nullish(),
  rope_theta: z.number().nullish(),
  rope_local_base_freq: z.number().nullish(),
  rope_scaling: z.looseObject({}).nullish(),
  rope_parameters: bases.extend({ full_attention: bases.optional(), sliding_attention: bases.optional() }).nullish(),
});

type TextConfig = z.infer<typeof textSchema>;

const visionSchema = z.object({
  num_attention_heads: count.optional(),
  hidden_act: z.string().optional(),
  layer_norm_eps: z.number().optional(),
});

const configSchema = textSchema.extend({
  tie_word_embeddings: z.boolean().optional(),
  text_config: textSchema.nullish(),
  vision_config: visionSchema.nullish(),
});

/** A language model as its configuration has it. */
export interface PublishedText {
  readonly type: TextType;
  /** As transformers runs it. */
  readonly choice: BackboneChoice;
  /** A number where the configuration has one, else as its class has it; the width of a head may follow from that of a token. */
  readonly heads: number;
  readonly keyHeads: number | null;
  readonly headWidth: number | null;
  /** Whether positions are stretched, which is done nowhere here. */
  readonly isStretched: boolean;
}

/** An image tower as its configuration has it. */
export interface PublishedVision {
  readonly choice: Pick<TowerChoice, "layer" | "lastNorm">;
  readonly heads: number;
}

/** What a published model says of itself. */
export interface PublishedConfig {
  readonly type: string;
  readonly text: PublishedText | null;
  readonly vision: PublishedVision | null;
  /** Whether its table of tokens is also what it says them by. */
  readonly isTied: boolean;
}

/**
 * What `config.json` of a published language or vision model says.
 *
 * @throws InputError naming the file, where the model is of another kind or computes what is computed nowhere here
 * @source transformers `configuration_gemma.py`, `configuration_gemma3.py`, `configuration_llama.py`, `configuration_siglip.py`,
 *   `configuration_paligemma.py`, `configuration_smolvlm.py`
 */
export function publishedConfig(where: string, value: unknown): PublishedConfig {
  const read = parseInput(where, configSchema, value);
  const type = read.model_type;
  const vision = (own: z.infer<typeof visionSchema>) => visionOf(where, own);
  const isTied = read.tie_word_embeddings;
  switch (type) {
    case "gemma":
    case "gemma3_text":
      return { type, text: textOf(where, type, read), vision: null, isTied: isTied ?? true };
    case "llama":
      return { type, text: textOf(where, type, read), vision: null, isTied: isTied ?? false };
    case "siglip_vision_model":
      return { type, text: null, vision: vision(parseInput(where, visionSchema, value)), isTied: false };
    case "siglip":
      return { type, text: null, vision: vision(read.vision_config ?? {}), isTied: false };
    case "paligemma":
    case "gemma3":
    case "smolvlm": {
      const own = read.text_config ?? {};
      const words = textOf(where, innerType(where, type, own), own);
      return { type, text: words, vision: vision(read.vision_config ?? {}), isTied: isTied ?? type !== "smolvlm" };
    }
    default:
      throw new InputError(
        `${where}: expected "model_type" to be "gemma", "gemma3_text", "gemma3", "paligemma", "llama", "smolvlm", "siglip" or ` +
          `"siglip_vision_model", got ${JSON.stringify(type) ?? "none"}; weights of a whole policy are read by "armature import"`,
      );
  }
}

/** Which language model stands in one that also sees. */
function innerType(where: string, outer: "paligemma" | "gemma3" | "smolvlm", { model_type }: TextConfig): TextType {
  const usual = { paligemma: "gemma", gemma3: "gemma3_text", smolvlm: "llama" } as const;
  if (model_type === undefined || model_type === usual[outer]) return usual[outer];
  if (outer === "smolvlm" && model_type.toLowerCase() === "vllama3") return "llama";
  throw new InputError(
    `${where}: expected "text_config.model_type" to be "${usual[outer]}" in a "${outer}", got "${model_type}"`,
  );
}

function textOf(where: string, type: TextType, config: TextConfig): PublishedText {
  const { num_attention_heads: heads, num_key_value_heads: keyHeads, head_dim: headWidth } = config;
  const usual = usualOf[type];
  const own = {
    heads: heads ?? usual.heads,
    keyHeads: keyHeads ?? usual.keyHeads,
    headWidth: headWidth ?? usual.headWidth,
  };
  const { query_pre_attn_scalar: scale } = config;
  if (scale !== undefined && scale !== own.headWidth)
    throw new InputError(
      `${where}: expected "query_pre_attn_scalar" to be the width of a head (${own.headWidth}), got ${scale}; other scales are not supported`,
    );
  const named = config.hidden_activation ?? config.hidden_act ?? usual.activation;
  // Gemma's older files say "gelu" and mean its approximation by tanh.
  const activation = activationOf(where, named === "gelu" ? usual.activation : named);
  const epsilon = config.rms_norm_eps ?? 1e-6;
  const { layer, lastNorm, ...rest } = usual.choice;
  const normed = <N extends object>(norm: N) => ({ ...norm, epsilon });
  const { attention, mlp, added, queryKey } = layer.norms;
  const norms = {
    attention: normed(attention),
    mlp: normed(mlp),
    added: added === "none" ? added : normed(added),
    queryKey: queryKey === "none" ? queryKey : normed(queryKey),
  };
  const choice: BackboneChoice = {
    ...rest,
    layer: { ...layer, norms, mlp: { ...layer.mlp, activation } },
    lastNorm: normed(lastNorm),
    ranges: rangesOf(type, config),
  };
  return { type, choice, ...own, isStretched: isStretched(config) };
}

/** As the classes of transformers have it where a configuration says nothing. */
const usualOf = {
  gemma: { choice: backbones.gemma, heads: 16, keyHeads: 16, headWidth: 256, activation: "gelu_pytorch_tanh" },
  gemma3_text: { choice: backbones.gemma3, heads: 8, keyHeads: 4, headWidth: 256, activation: "gelu_pytorch_tanh" },
  llama: {
    choice: { ...backbones.smolvla, embeddingScale: "one", pictureScale: "one" },
    heads: 32,
    keyHeads: null,
    headWidth: null,
    activation: "silu",
  },
} as const satisfies Record<
  TextType,
  Pick<PublishedText, "choice" | "heads" | "keyHeads" | "headWidth"> & { readonly activation: string }
>;

function activationOf(where: string, name: string): Activation {
  if (name === "silu") return "silu";
  if (name === "gelu_pytorch_tanh") return "gelu-tanh";
  throw new InputError(`${where}: expected the activation "gelu_pytorch_tanh" or "silu", got "${name}"`);
}

/** Of Gemma 3's layers each sixth reads all that is before it, where nothing else is said. */
function rangesOf(type: TextType, config: TextConfig): BackboneChoice["ranges"] {
  const { rope_parameters: rope, sliding_window, layer_types, sliding_window_pattern } = config;
  if (type !== "gemma3_text") return [{ window: "none", ropeBase: rope?.rope_theta ?? config.rope_theta ?? 10_000 }];
  const far: AttentionRange = {
    window: "none",
    ropeBase: rope?.full_attention?.rope_theta ?? config.rope_theta ?? 1_000_000,
  };
  const near: AttentionRange = {
    window: sliding_window ?? 4096,
    ropeBase: rope?.sliding_attention?.rope_theta ?? config.rope_local_base_freq ?? 10_000,
  };
  const pattern = sliding_window_pattern ?? 6;
  const types = layer_types ?? Array.from({ length: pattern }, (_, at) => (at === pattern - 1 ? "full_attention" : ""));
  const [first = far, ...others] = types.map((one) => (one === "full_attention" ? far : near));
  return [first, ...others];
}

function isStretched({ rope_scaling, rope_parameters: rope }: TextConfig): boolean {
  const types = [rope, rope?.full_attention, rope?.sliding_attention].map((one) => one?.rope_type ?? "default");
  return (rope_scaling ?? null) !== null || types.some((type) => type !== "default");
}

function visionOf(where: string, { num_attention_heads, hidden_act, layer_norm_eps }: z.infer<typeof visionSchema>) {
  const { layer, lastNorm } = towers.siglip;
  const epsilon = layer_norm_eps ?? 1e-6;
  const activation = activationOf(where, hidden_act ?? "gelu_pytorch_tanh");
  const { attention, mlp } = layer.norms;
  const norms = { ...layer.norms, attention: { ...attention, epsilon }, mlp: { ...mlp, epsilon } };
  const choice = { layer: { ...layer, norms, mlp: { ...layer.mlp, activation } }, lastNorm: { ...lastNorm, epsilon } };
  return { choice, heads: num_attention_heads ?? 12 };
}
