import { affine, type NameRow, within } from "./names.ts";

/** SigLIP as transformers names it, below its module. */
export const siglipRows: readonly NameRow[] = [
  ...within("patch", "embeddings.patch_embedding", [
    ["weight", "weight", "e c i j"],
    ["bias", "bias", "e"],
  ]),
  ["position", "embeddings.position_embedding.weight", "n e"],
  ...within("layer.*", "encoder.layers.*", [
    ...affine("norm.attention", "layer_norm1", "e", ""),
    ...affine("query", "self_attn.q_proj", "af", "e"),
    ...affine("key", "self_attn.k_proj", "gf", "e"),
    ...affine("value", "self_attn.v_proj", "gf", "e"),
    ...affine("out", "self_attn.out_proj", "e", "af"),
    ...affine("norm.mlp", "layer_norm2", "e", ""),
    ...affine("mlp.in", "mlp.fc1", "m", "e"),
    ...affine("mlp.out", "mlp.fc2", "e", "m"),
  ]),
  ...affine("norm", "post_layernorm", "e", ""),
];

/** A trunk of Gemma's or Llama's layers as transformers names it, below its module. */
export const trunkRows: readonly NameRow[] = [
  ...within("layer.*", "layers.*", [
    ["norm.attention.weight", "input_layernorm.weight", "e"],
    ["query.weight", "self_attn.q_proj.weight", "af e"],
    ["key.weight", "self_attn.k_proj.weight", "af e"],
    ["value.weight", "self_attn.v_proj.weight", "af e"],
    ["out.weight", "self_attn.o_proj.weight", "e af"],
    ["norm.mlp.weight", "post_attention_layernorm.weight", "e"],
    ["mlp.gate.weight", "mlp.gate_proj.weight", "m e"],
    ["mlp.up.weight", "mlp.up_proj.weight", "m e"],
    ["mlp.down.weight", "mlp.down_proj.weight", "e m"],
  ]),
  ["norm.weight", "norm.weight", "e"],
];

const beforeMlp = "norm.mlp.weight";

/** The same of Gemma 3, which also norms what is added, and by head queries and keys: `post_attention_layernorm` is another norm there. */
export const gemma3TrunkRows: readonly NameRow[] = [
  ...trunkRows.filter(([ours]) => ours !== `layer.*.${beforeMlp}`),
  ...within("layer.*", "layers.*", [
    ["norm.query.weight", "self_attn.q_norm.weight", "f"],
    ["norm.key.weight", "self_attn.k_norm.weight", "f"],
    ["norm.added.attention.weight", "post_attention_layernorm.weight", "e"],
    [beforeMlp, "pre_feedforward_layernorm.weight", "e"],
    ["norm.added.mlp.weight", "post_feedforward_layernorm.weight", "e"],
  ]),
];

/** From PaliGemma's tower to its language model, below `multi_modal_projector`. */
export const linearConnectorRows: readonly NameRow[] = [
  ["weight", "linear.weight", "e j"],
  ["bias", "linear.bias", "e"],
];

/** SmolVLM's, below `connector`. */
export const shuffledConnectorRows: readonly NameRow[] = [["weight", "modality_projection.proj.weight", "e j"]];

/** Gemma 3's, below `multi_modal_projector`: its weight has inputs as rows. */
export const pooledConnectorRows: readonly NameRow[] = [
  ["norm.weight", "mm_soft_emb_norm.weight", "e"],
  ["weight", "mm_input_projection_weight", "j e", "e j"],
];
