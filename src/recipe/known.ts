import type { Reading } from "../batch/example.ts";
import type { BatchLayout } from "../batch/layout.ts";
import { reads } from "../policy/prefixes.ts";
import { type Variant, variants } from "../policy/variant.ts";
import type { Recipe } from "./schema.ts";

/** As many as π0.7 has, where a recipe says nothing else. @source OpenTau `configuration_pi07_low_level.py` `metadata_max_length` */
const metadataTokens = 52;

/** How much room a batch has for what is known of an episode and for what is to be reached; none where the policy reads neither. */
export function knownSizesOf(policy: Recipe["policy"]): Pick<BatchLayout, "metadataTokens" | "subgoals"> {
  const variant: Variant = variants[policy.variant];
  return {
    ...(reads(variant, "metadata") ? { metadataTokens: policy.metadataTokens ?? metadataTokens } : {}),
    ...(reads(variant, "subgoals") ? { subgoals: policy.views.length } : {}),
  };
}

/** How a policy's samples tell of their episode and of what is to be reached, where it reads that. */
export function knownReadingOf({
  data,
  policy,
}: Pick<Recipe, "data" | "policy">): Pick<Reading, "metadata" | "subgoals"> {
  const variant: Variant = variants[policy.variant];
  const { metadata: format } = variant;
  const { metadataDropout: dropout = { all: 0, each: 0 }, subgoals } = data;
  return {
    ...(format === undefined ? {} : { metadata: { format, dropout } }),
    ...(subgoals === undefined || !reads(variant, "subgoals") ? {} : { subgoals }),
  };
}
