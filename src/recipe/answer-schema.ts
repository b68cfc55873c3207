import { z } from "zod";
import type { FastForm } from "../codec/fast.ts";
import { type VariantName, variants } from "../policy/variant.ts";

const count = z.int().positive();

/** How a policy says its actions: the tokenizer, which `fit-fast` fits and `readFast` reads, and the most tokens of an answer. */
export const answerSchema = z.strictObject({
  most: count,
  tokenizer: z.strictObject({
    scale: z.number().positive(),
    lowest: z.int(),
    tokens: z.array(z.string().min(1)).min(1),
    merges: z.array(z.tuple([z.string().min(1), z.string().min(1)])),
  }) satisfies z.ZodType<FastForm>,
});

/** Why a variant can do nothing with a tokenizer of actions; empty where it can, or there is none. */
export function answerProblems(variant: VariantName, actionTokens: object | undefined): string[] {
  if (actionTokens === undefined || variants[variant].objectives.some(({ kind }) => kind === "tokens")) return [];
  return [`expected none with policy.variant "${variant}", which says no actions, got a tokenizer`];
}
