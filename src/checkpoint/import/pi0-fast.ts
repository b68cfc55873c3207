import { z } from "zod";
import { parseInput } from "../../parse-input.ts";
import { soundConventions } from "../conventions.ts";
import type { ForeignPolicy } from "./imported.ts";
import { camerasOf, lerobotConfigSchema } from "./lerobot-config.ts";
import { linearConnectorRows, siglipRows, trunkRows } from "./module-names.ts";
import { belowModule, type ForeignNames, within } from "./names.ts";
import { type HeadCounts, shapeOf, siglipSizeOf, trunkSizeOf } from "./shape-sizes.ts";
import type { ShapesByName } from "./tensor-source.ts";

const count = z.int().positive();

const configSchema = lerobotConfigSchema.extend({
  tokenizer_max_length: count,
  max_action_tokens: count,
  fast_skip_tokens: z.int().nonnegative(),
  temperature: z.number().nonnegative(),
});

const paligemma = "paligemma_with_expert.paligemma";
const language = `${paligemma}.model.language_model`;
const words = { read: `${language}.embed_tokens.weight`, said: `${paligemma}.lm_head.weight` };

/**
 * π0-FAST as LeRobot holds it: both names of a pair that it does not tie; a file with one of them means it for both.
 *
 * @source LeRobot `policies/pi0_fast/modeling_pi0_fast.py` `_fix_pytorch_state_dict_keys`
 */
export const pi0FastNames: ForeignNames = {
  project: "LeRobot",
  rows: [
    ...within("vision.tower", `${paligemma}.model.vision_tower.vision_model`, siglipRows),
    ...within("vision.projector", `${paligemma}.model.multi_modal_projector`, linearConnectorRows),
    ["embedding.weight", words.read, "y e"],
    ...within("backbone", language, trunkRows),
    ["scores.weight", words.said, "y e"],
  ],
  tied: new Map([
    [words.read, words.said],
    [words.said, words.read],
  ]),
  unused: new Set(),
};

/**
 * π0-FAST as LeRobot's `save_pretrained` leaves it.
 *
 * @param config `config.json`
 * @throws InputError naming the file, and what of its configuration or its shapes does not fit
 * @source LeRobot `policies/pi0_fast/modeling_pi0_fast.py`, `configuration_pi0_fast.py`
 */
export function lerobotPi0Fast(where: string, config: unknown, shapes: ShapesByName, heads: HeadCounts): ForeignPolicy {
  const read = parseInput(where, configSchema, config);
  const [said, known] = [`model.${words.said}`, `model.${words.read}`];
  const [vocabulary = 0] = shapeOf(where, shapes, shapes.has(said) ? said : known);
  return {
    variant: "pi0_fast",
    size: {
      vision: siglipSizeOf(where, shapes, `model.${paligemma}.model.vision_tower.vision_model`, heads.visionHeads),
      backbone: trunkSizeOf(where, shapes, `model.${language}`, heads.headWidth),
    },
    vocabulary,
    horizon: read.chunk_size,
    actionWidth: read.max_action_dim,
    stateWidth: read.max_state_dim,
    promptTokens: read.tokenizer_max_length,
    actionTokens: read.max_action_tokens,
    saying: { skipped: read.fast_skip_tokens, temperature: read.temperature },
    cameras: camerasOf(read),
    conventions: {
      ...soundConventions,
      normalizationEpsilon: 1e-8,
      zeroRange: "epsilon",
      coincidingQuantiles: "epsilon",
      letterbox: "bilinear-centred",
    },
    names: belowModule("model", pi0FastNames),
  };
}
