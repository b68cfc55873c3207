import { affine, type ForeignNames, type NameRow, within } from "./names.ts";

/** Weights by embodiment: their columns are outputs, where ours are inputs. */
function embodied(ours: string, theirs: string): NameRow[] {
  return [
    [`${ours}.weight`, `${theirs}.W`, "u j e", "u e j"],
    [`${ours}.bias`, `${theirs}.b`, "u e"],
  ];
}

/** Attention and feed-forward of diffusers' blocks. */
const blockRows: readonly NameRow[] = [
  ...affine("query", "attn1.to_q", "af", "e"),
  ...affine("key", "attn1.to_k", "gf", "e"),
  ...affine("value", "attn1.to_v", "gf", "e"),
  ...affine("out", "attn1.to_out.0", "e", "af"),
  ...affine("mlp.in", "ff.net.0.proj", "m", "e"),
  ...affine("mlp.out", "ff.net.2", "e", "m"),
];

/**
 * GR00T's action head as NVIDIA's files name it, of N1.5 and of N1.7. The vision-language model before it (Eagle, Qwen3-VL) is none of
 * ours: its weights stay behind.
 *
 * @source NVIDIA Isaac-GR00T and LeRobot `policies/groot`
 */
export const grootNames: ForeignNames = {
  project: "GR00T",
  rows: within("groot", "action_head", [
    ...embodied("state.in", "state_encoder.layer1"),
    ...embodied("state.out", "state_encoder.layer2"),
    ["future", "future_tokens.weight", "n e"],
    ...embodied("action.in", "action_encoder.W1"),
    ...embodied("action.time", "action_encoder.W2"),
    ...embodied("action.out", "action_encoder.W3"),
    ["action.position", "position_embedding.weight", "n e"],
    ...affine("norm", "vlln", "e", ""),
    ...within("features.layer.*", "vl_self_attention.transformer_blocks.*", [
      ...affine("norm.attention", "norm1", "e", ""),
      ...blockRows,
      ...affine("norm.mlp", "norm3", "e", ""),
    ]),
    ...affine("time.in", "model.timestep_encoder.timestep_embedder.linear_1", "e", "j"),
    ...affine("time.out", "model.timestep_encoder.timestep_embedder.linear_2", "e", "j"),
    ...within("dit.block.*", "model.transformer_blocks.*", [
      ...affine("norm.attention.dense", "norm1.linear", "re", "j"),
      ...blockRows,
    ]),
    ...affine("dit.norm.dense", "model.proj_out_1", "re", "j"),
    ...affine("dit.out", "model.proj_out_2", "e", "j"),
    ...embodied("decoder.in", "action_decoder.layer1"),
    ...embodied("decoder.out", "action_decoder.layer2"),
  ]),
  tied: new Map(),
  unused: new Set(),
  left: ["backbone"],
};
