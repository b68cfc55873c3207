import { z } from "zod";
import type { LossWeights, ObjectiveChoice } from "../policy/objective-choice.ts";
import { type VariantChoice, variantOf } from "../policy/variant.ts";

const weight = z.number().nonnegative().optional();

/** What the loss of each objective of a policy is multiplied by, by the kind of the objective: training and validation add up the same. */
export const lossWeightsSchema = z.strictObject({
  flow: weight,
  prompt: weight,
  tokens: weight,
  "action tokens": weight,
  response: weight,
}) satisfies z.ZodType<LossWeights>;

/** Objectives that actions arise from: without them a policy would have nothing to do. */
const actionKinds: readonly ObjectiveChoice["kind"][] = ["flow", "tokens"];

/** Weights that a policy can do nothing with, each with why. */
export function lossWeightProblems(policy: VariantChoice): (readonly [kind: string, message: string])[] {
  const { lossWeights = {}, ...all } = policy;
  const kinds = variantOf(all).objectives.map(({ kind }) => kind);
  return lossWeightsSchema.keyof().options.flatMap((kind): (readonly [string, string])[] => {
    const given = lossWeights[kind];
    if (given === undefined) return [];
    if (!kinds.includes(kind))
      return [[kind, `expected a weight of what the policy learns (${kinds.join(", ")}), got ${given}`]];
    if (given > 0 || !actionKinds.includes(kind)) return [];
    return [[kind, `expected a weight above 0 of what actions arise from, got ${given}`]];
  });
}
