import type { AttentionRange } from "../../policy/backbone.ts";
import type { PolicyForm } from "../../policy/policy.ts";
import type { VisionSize } from "../../policy/size.ts";
import type { PublishedModel } from "./published-model.ts";

/** What a policy computes otherwise with a published language model's weights than the model did, for people to read. */
export function otherwiseInText({ text }: PublishedModel, { variant: { backbone }, size }: PolicyForm): string[] {
  if (text === null) return [];
  const { choice, isStretched } = text;
  const ranges = Array.from({ length: size.backbone.layers }, (_, layer) => ({
    theirs: choice.ranges[layer % choice.ranges.length]!,
    ours: backbone.ranges[layer % backbone.ranges.length]!,
  }));
  const apart = (of: (range: AttentionRange) => number | string) => {
    const pairs = ranges.map(({ theirs, ours }) => [of(theirs), of(ours)] as const);
    return new Set(pairs.flatMap(([one, other]) => (one === other ? [] : [`${one}, here ${other}`])));
  };
  return [
    ...[...apart(({ ropeBase }) => ropeBase)].map((each) => `a rope base of ${each}`),
    ...[...apart(({ window }) => window)].map((each) => `a window of ${each}`),
    ...(isStretched ? ["positions that are stretched, here none"] : []),
    ...changed("an embedding times", choice.embeddingScale, backbone.embeddingScale),
    ...changed("pictures times", choice.pictureScale, backbone.pictureScale),
    ...epsilons("norms of the language model", choice.lastNorm.epsilon, backbone.lastNorm.epsilon),
  ];
}

/** The same of its image tower. */
export function otherwiseInVision({ vision }: PublishedModel, { variant: { tower }, size }: PolicyForm): string[] {
  if (vision === null) return [];
  const square = (of: Pick<VisionSize, "picture" | "patch">) => `${sideOf(of)} × ${sideOf(of)}`;
  return [
    ...changed("places of patches in a square of", square(vision.size), square(size.vision)),
    ...epsilons("norms of the image tower", vision.choice.lastNorm.epsilon, tower.lastNorm.epsilon),
  ];
}

/** Patches along a side of a picture. */
export function sideOf({ picture, patch }: Pick<VisionSize, "picture" | "patch">): number {
  return picture / patch;
}

function changed(what: string, theirs: string, ours: string): string[] {
  return theirs === ours ? [] : [`${what} ${theirs}, here ${ours}`];
}

/** Files round what they were written with: GGUF holds float32. */
const rounding = 1e-6;

function epsilons(what: string, theirs: number, ours: number): string[] {
  return Math.abs(theirs - ours) <= rounding * ours ? [] : [`an epsilon of ${theirs} in ${what}, here ${ours}`];
}
