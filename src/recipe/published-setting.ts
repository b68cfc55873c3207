import type { BatchLayout } from "../batch/layout.ts";
import { byteTokenizer } from "../codec/prompt.ts";
import type { Setting } from "../objective/traced.ts";
import { policyForm } from "../policy/policy.ts";
import { publishedShapes } from "../policy/published.ts";
import type { PolicySizeName } from "../policy/size.ts";
import { type VariantName, variants } from "../policy/variant.ts";
import { Rules } from "../validity/rules.ts";
import { wholeAction } from "./parts.ts";
import { textTokens } from "./text.ts";

/** A variant on batches as wide as its publication has them, under sound conventions: what is counted where there is no recipe. */
export function publishedSetting(name: VariantName, size: PolicySizeName, rows: number): Setting {
  const variant = variants[name];
  const { vocabulary, embodiments, actionVocabulary = 0, ...shape } = publishedShapes[name];
  const {
    metadataTokens,
    subgoals,
    actionHorizon: horizon,
    actionWidth,
    stateWidth,
    promptTokens: tokens,
    actionTokens,
    views,
    observations,
  } = shape;
  const form = policyForm(variant, size, {
    vocabulary,
    actionVocabulary,
    parts: [wholeAction({ actionWidth })],
    embodiments,
    crossAttentionKeys: "real",
    horizon,
    actionSight: "causal",
    pastEnd: "hidden",
    texts: textTokens(variant, byteTokenizer),
  });
  const pictureSize = variant.sizes[size].vision.picture;
  const layout: BatchLayout = {
    rows,
    steps: horizon,
    actionWidth,
    stateWidth,
    views,
    observations,
    tokens,
    responseTokens: 0,
    actionTokens,
    ...(metadataTokens === undefined ? {} : { metadataTokens }),
    ...(subgoals === undefined ? {} : { subgoals }),
    pictureSize,
  };
  return { form, layout, unrealInput: "zero", rules: Rules.all, hidden: "plain", pictures: "uint8" };
}
