import { cells, sizes } from "../../graph/axes.ts";
import type { ParameterForm } from "../../nn/parameter.ts";

/** One of our parameters as an openpi file holds it: the same cells in the same order, seen with another shape. */
export interface OpenpiTensor {
  /** Our name. */
  readonly parameter: string;
  readonly name: string;
  readonly shape: readonly number[];
}

/**
 * Where each parameter stands in openpi's PyTorch files, in the order of the parameters.
 *
 * Rows of weights are outputs on both sides and heads are contiguous in them, so no cell changes its place.
 *
 * @throws RangeError if a parameter has no counterpart there
 * @source openpi `examples/convert_jax_model_to_pytorch.py`
 */
export function openpiTensors(forms: readonly ParameterForm[]): OpenpiTensor[] {
  return forms.map((form) => {
    const [name, groups] = counterpart(form.name);
    const size: ReadonlyMap<string, number> = sizes(form.axes, form.shape);
    const shape = groups.split(" ").map((group) => cells([...group].map((letter) => size.get(letter) ?? 0)));
    if (groups.replaceAll(" ", "") !== form.axes.replaceAll(" ", ""))
      throw new RangeError(`openpi: expected "${form.name}" with the axes "${groups}", got "${form.axes}"`);
    return { parameter: form.name, name, shape };
  });
}

/**
 * Names under which a file may hold the tensor instead: safetensors keeps one name of a tied pair.
 *
 * @source openpi `scripts/train_pytorch.py`: `safetensors.torch.save_model`
 */
export const tiedNames: ReadonlyMap<string, string> = new Map([
  [
    "paligemma_with_expert.paligemma.model.language_model.embed_tokens.weight",
    "paligemma_with_expert.paligemma.lm_head.weight",
  ],
]);

/** Tensors of an openpi file that no policy reads: the expert is a causal language model whose head is never called. */
export const unusedNames: ReadonlySet<string> = new Set(["paligemma_with_expert.gemma_expert.lm_head.weight"]);

function counterpart(parameter: string): readonly [name: string, groups: string] {
  const layer = /\.layer\.(\d+)\./.exec(parameter)?.[1] ?? "";
  const row = table.get(parameter.replace(`.layer.${layer}.`, ".layer.*."));
  if (row === undefined) throw new RangeError(`openpi: expected a parameter of π0, got "${parameter}"`);
  const [name, groups] = row;
  return [name.replace(".*.", `.${layer}.`), groups];
}

type Row = readonly [ours: string, theirs: string, groups: string];

const model = "paligemma_with_expert.paligemma.model";
const language = `${model}.language_model`;

/** Rows of one module: where it stands on both sides, and what is in it. */
function within(ours: string, theirs: string, rows: readonly Row[]): Row[] {
  return rows.map(([own, other, groups]) => [`${ours}.${own}`, `${theirs}.${other}`, groups]);
}

function affine(ours: string, theirs: string, to: string, from: string): Row[] {
  return [
    [`${ours}.weight`, `${theirs}.weight`, from === "" ? to : `${to} ${from}`],
    [`${ours}.bias`, `${theirs}.bias`, to],
  ];
}

/** Letters of one group are one axis there: `"af e"` is our `a f e` as `[heads · width, e]`. */
const tower: readonly Row[] = [
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

const trunk: readonly Row[] = [
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

const rows: readonly Row[] = [
  ...within("vision.tower", `${model}.vision_tower.vision_model`, tower),
  ...affine("vision.projector", `${model}.multi_modal_projector.linear`, "e", "j"),
  ["embedding.weight", `${language}.embed_tokens.weight`, "y e"],
  ...within("backbone", language, trunk),
  ...within("expert", "paligemma_with_expert.gemma_expert.model", trunk),
  ...affine("state", "state_proj", "e", "s"),
  ...affine("action.in", "action_in_proj", "e", "d"),
  ...affine("action.time.in", "action_time_mlp_in", "e", "j"),
  ...affine("action.time.out", "action_time_mlp_out", "e", "j"),
  ...affine("action.out", "action_out_proj", "d", "e"),
];

const table: ReadonlyMap<string, readonly [name: string, groups: string]> = new Map(
  rows.map(([ours, theirs, groups]) => [ours, [theirs, groups]]),
);
