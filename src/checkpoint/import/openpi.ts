import { linearConnectorRows, siglipRows, trunkRows } from "./module-names.ts";
import { affine, type ForeignNames, type NameRow, within } from "./names.ts";

const model = "paligemma_with_expert.paligemma.model";
const language = `${model}.language_model`;
const expert = "paligemma_with_expert.gemma_expert.model";

/** The same where norms follow a condition: a linear map in the place of each norm's weight gives scale, shift and gate, in this order. */
const adaptiveTrunkRows: readonly NameRow[] = trunkRows.flatMap((row): NameRow[] => {
  const [ours, theirs] = row;
  if (!ours.includes("norm.")) return [row];
  const module = (name: string) => `${name.slice(0, -".weight".length)}.dense`;
  return affine(module(ours), module(theirs), "re", "j");
});

/**
 * π0 as openpi's PyTorch files hold it. The expert is a causal language model whose head is never called.
 *
 * @source openpi `examples/convert_jax_model_to_pytorch.py`; one name of a tied pair: `scripts/train_pytorch.py`,
 *   `safetensors.torch.save_model`
 */
export const openpiNames: ForeignNames = piNames([
  ...within("expert", expert, trunkRows),
  ...affine("state", "state_proj", "e", "s"),
  ...timeRows("action_time_mlp"),
]);

/** π0.5, whose state is in its prompt. @source as `openpiNames` */
export const openpiAdaptiveNames: ForeignNames = piNames([
  ...within("expert", expert, adaptiveTrunkRows),
  ...timeRows("time_mlp"),
]);

/** @param own rows of one of the two */
function piNames(own: readonly NameRow[]): ForeignNames {
  return {
    project: "openpi",
    rows: [
      ...within("vision.tower", `${model}.vision_tower.vision_model`, siglipRows),
      ...within("vision.projector", `${model}.multi_modal_projector`, linearConnectorRows),
      ["embedding.weight", `${language}.embed_tokens.weight`, "y e"],
      ...within("backbone", language, trunkRows),
      ...own,
      ...affine("action.in", "action_in_proj", "e", "d"),
      ...affine("action.out", "action_out_proj", "d", "e"),
    ],
    tied: new Map([[`${language}.embed_tokens.weight`, "paligemma_with_expert.paligemma.lm_head.weight"]]),
    unused: new Set(["paligemma_with_expert.gemma_expert.lm_head.weight"]),
  };
}

function timeRows(module: string): NameRow[] {
  return [
    ...affine("action.time.in", `${module}_in`, "e", "j"),
    ...affine("action.time.out", `${module}_out`, "e", "j"),
  ];
}
