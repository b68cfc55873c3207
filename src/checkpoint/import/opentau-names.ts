import { gemma3TrunkRows, pooledConnectorRows, siglipRows } from "./module-names.ts";
import { affine, type ForeignNames, type NameRow, within } from "./names.ts";
import { openpiAdaptiveNames, openpiNames } from "./openpi.ts";

const encoder = "stss_encoders.0";

/** What sees motion; maps of channels are convolutions whose kernels are one cell. */
const motionRows = within("vision.tower.motion", "video_encoder.motion_module", [
  ...affine("norm", `${encoder}.ln_pre`, "e", ""),
  ...affine("in", `${encoder}.in_proj`, "m", "e"),
  ["extract.weight", `${encoder}.stss_extraction.conv0.0.weight`, "c r   "],
  ...affine("extract.norm", `${encoder}.stss_extraction.conv0.1`, "c", ""),
  ["fuse.weight", `${encoder}.stss_integration.fuse.1.weight`, "m c   "],
  ...affine("mix", `${encoder}.out_proj`, "m", "j"),
  ...affine("out", "out_proj", "e", "m"),
]);

/** On PaliGemma, with openpi's names for what openpi has. */
const onPaligemma: ForeignNames = {
  ...openpiAdaptiveNames,
  project: "OpenTau",
  rows: [
    ...openpiAdaptiveNames.rows,
    ...affine("state", "state_proj", "e", "s"),
    ...saidRows("paligemma_with_expert"),
    ...motionRows,
  ],
};

const together = "gemma3_with_expert";
const gemma = `${together}.gemma3.model`;

/** On Gemma 3: @param backbone where layers of the language model stand, @param expert where the expert's do */
function onGemma3(backbone: string, expert: string): ForeignNames {
  const language = `${gemma}.language_model`;
  const trunk = within("backbone", language, gemma3TrunkRows);
  const others = openpiAdaptiveNames.rows.filter(([ours]) => /^(expert|action)\./.test(ours));
  const renamed = (rows: readonly NameRow[], from: string, to: string) =>
    rows.map(([ours, theirs, ...axes]): NameRow => [ours, theirs.replace(from, to), ...axes]);
  const own = renamed(others, "paligemma_with_expert.", `${together}.`);
  return {
    project: "OpenTau",
    rows: [
      ...within("vision.tower", `${gemma}.vision_tower.vision_model`, siglipRows),
      ...within("vision.projector", `${gemma}.multi_modal_projector`, pooledConnectorRows),
      ["embedding.weight", `${language}.embed_tokens.weight`, "y e"],
      ...renamed(trunk, `${language}.layers.*`, backbone),
      ...renamed(own, `${together}.gemma_expert.model.layers.*`, expert),
      ...affine("state", "state_proj", "e", "s"),
      ...saidRows(together),
    ],
    tied: new Map([[`${language}.embed_tokens.weight`, `${together}.gemma3.lm_head.weight`]]),
    unused: new Set([`${together}.gemma_expert.lm_head.weight`]),
  };
}

/** What says action tokens: a table to read them by, and a map to score them by. */
function saidRows(module: string): NameRow[] {
  return [
    ["actionTokens.embedding.weight", `${module}.discrete_action_embedding.weight`, "y e"],
    ...affine("actionTokens.scores", `${module}.da_head`, "e", "j"),
  ];
}

/**
 * Policies as OpenTau's classes name their parameters, by where these stand; below `model.` in its files.
 *
 * @source OpenTau 0.14.0 `policies/pi05/paligemma_with_expert.py`, `policies/pi06/gemma3_with_expert.py`; in π0.7 a layer of the backbone
 *   and one of the expert stand side by side: `policies/pi07/gemma3_with_expert.py` `InterleavedDecoderLayer`
 */
export const opentauNames = {
  pi0: { ...openpiNames, project: "OpenTau" },
  onPaligemma,
  onGemma3: onGemma3(`${gemma}.language_model.layers.*`, `${together}.gemma_expert.model.layers.*`),
  pi07OnGemma3: onGemma3(
    `${together}.interleaved_layers.*.backbone_layer`,
    `${together}.interleaved_layers.*.expert_layer`,
  ),
} as const satisfies Record<string, ForeignNames>;

/** What stands beside `model` in its files: statistics, which are no parameters. */
export const opentauModules = [
  "normalize_inputs",
  "normalize_targets",
  "normalize_actions",
  "normalize_discrete_actions",
  "unnormalize_outputs",
] as const;
