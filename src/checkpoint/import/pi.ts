import { z } from "zod";
import { parseInput } from "../../parse-input.ts";
import type { ForeignPolicy } from "./imported.ts";
import { camerasOf, lerobotConfigSchema } from "./lerobot-config.ts";
import { belowModule } from "./names.ts";
import { openpiNames } from "./openpi.ts";
import { type HeadCounts, shapeOf, siglipSizeOf, trunkSizeOf } from "./shape-sizes.ts";
import type { ShapesByName } from "./tensor-source.ts";

const configSchema = lerobotConfigSchema.extend({ tokenizer_max_length: z.int().positive() });

/** Heads of PaliGemma and its expert as they were published. @source openpi `gemma.py` `get_config`, `siglip.py` */
export const publishedPiHeads: HeadCounts = { headWidth: 256, visionHeads: 16 };

/** As π0 and π0.5 were released: noise in absent dims, actions that see each other, steps past the end that teach a copy. */
const releasedPi = {
  unrealInput: "noise",
  actionSight: "both",
  pastEnd: "taught",
  crossAttentionKeys: "real",
  normalizationEpsilon: 1e-8,
  zeroRange: "epsilon",
  coincidingQuantiles: "epsilon",
} as const;

/**
 * π0 as LeRobot's `save_pretrained` leaves it.
 *
 * @param config `config.json`
 * @throws InputError naming the file, and what of its configuration or its shapes does not fit
 * @source LeRobot `policies/pi0/modeling_pi0.py`, `configuration_pi0.py`
 */
export function lerobotPi(where: string, config: unknown, shapes: ShapesByName, heads: HeadCounts): ForeignPolicy {
  const read = parseInput(where, configSchema, config);
  const model = "model.paligemma_with_expert.paligemma.model";
  const language = `${model}.language_model`;
  const [vocabulary = 0] = shapeOf(where, shapes, "model.paligemma_with_expert.paligemma.lm_head.weight");
  return {
    variant: "pi0",
    size: {
      vision: siglipSizeOf(where, shapes, `${model}.vision_tower.vision_model`, heads.visionHeads),
      backbone: trunkSizeOf(where, shapes, language, heads.headWidth),
      expert: trunkSizeOf(where, shapes, "model.paligemma_with_expert.gemma_expert.model", heads.headWidth),
    },
    vocabulary,
    horizon: read.chunk_size,
    actionWidth: read.max_action_dim,
    stateWidth: read.max_state_dim,
    promptTokens: read.tokenizer_max_length,
    cameras: camerasOf(read),
    conventions: releasedPi,
    names: belowModule("model", openpiNames),
  };
}
