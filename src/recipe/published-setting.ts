import type { BatchLayout } from "../batch/layout.ts";
import { byteTokenizer } from "../codec/prompt.ts";
import type { Setting } from "../objective/traced.ts";
import { policyForm } from "../policy/policy.ts";
import { type PublishedShape, publishedShapes } from "../policy/published.ts";
import type { PolicySizeName } from "../policy/size.ts";
import { type VariantName, variants } from "../policy/variant.ts";
import { Rules } from "../validity/rules.ts";
import { wholeAction } from "./parts.ts";
import { textTokens } from "./text.ts";

/** A variant on batches as wide as its publication has them, under sound conventions: what is counted where there is no recipe. */
export function publishedSetting(name: VariantName, size: PolicySizeName, rows: number): Setting {
  const shape = publishedShapes[name];
  const longest = longestChunk(name, size);
  return settingOf(name, size, { ...shape, rows, actionHorizon: Math.min(shape.actionHorizon, longest) });
}

/** The smallest batches that have every kind of input which a variant reads: programs with all of its operators, where only those count. */
export function smallestSetting(name: VariantName): Setting {
  const shape = publishedShapes[name];
  const metadata = shape.metadataTokens === undefined ? {} : { metadataTokens: 8 };
  const subgoals = shape.subgoals === undefined ? {} : { subgoals: 1 };
  return settingOf(name, "micro", {
    rows: 2,
    vocabulary: 300,
    ...(shape.actionVocabulary === undefined ? {} : { actionVocabulary: 40 }),
    actionHorizon: 4,
    actionWidth: 5,
    stateWidth: 3,
    promptTokens: 8,
    actionTokens: Math.min(shape.actionTokens, 6),
    ...metadata,
    ...subgoals,
    views: 2,
    observations: Math.min(shape.observations, 3),
    embodiments: Math.min(shape.embodiments, 2),
  });
}

/** Steps of the longest chunk whose places a size knows: small ones know fewer than the publication has steps. */
function longestChunk(name: VariantName, size: PolicySizeName): number {
  const variant = variants[name];
  const places = variant.head === "groot" ? variant.sizes[size].dit.places : null;
  return places ?? Number.POSITIVE_INFINITY;
}

/** A policy's shape, and how many samples a batch has. */
interface BatchShape extends PublishedShape {
  readonly rows: number;
}

function settingOf(name: VariantName, size: PolicySizeName, choice: BatchShape): Setting {
  const variant = variants[name];
  const { rows, vocabulary, embodiments, actionVocabulary = 0, ...shape } = choice;
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
