import { z } from "zod";
import type { FastForm } from "../codec/fast.ts";
import { type VariantName, variants } from "../policy/variant.ts";

const count = z.int().positive();

const fastSchema = z.strictObject({
  scale: z.number().positive(),
  lowest: z.int(),
  tokens: z.array(z.string().min(1)).min(1),
  merges: z.array(z.tuple([z.string().min(1), z.string().min(1)])),
}) satisfies z.ZodType<FastForm>;

/** How a policy says its actions. */
export const answerSchema = z.strictObject({
  /** Tokens of an answer at most, with the one that begins it. */
  most: count,
  /** What `fit-fast` fits and `readFast` reads; "unknown" of weights that came without theirs: what they say cannot be read. */
  tokenizer: z.union([fastSchema, z.literal("unknown")]),
  /** Actions are said with the last tokens of words, all but so many. May be missing: with tokens of their own, behind those of words. */
  skipped: z.int().nonnegative().optional(),
  /** Whether steps past an episode's end are said as well, as other projects have it. May be missing: real steps alone. */
  says: z.enum(["real steps", "whole chunks"]).optional(),
  /** Where the token that begins an answer stands when it is said: LeRobot has it at the end of the prompt. May be missing: as in training. */
  begins: z.enum(["answer", "prompt"]).optional(),
  /** Scores are divided by it before a token is drawn. May be missing: 0, of which each token is the likeliest. */
  temperature: z.number().nonnegative().optional(),
});

/** Why a variant can do nothing with a tokenizer of actions; empty where it can, or there is none. */
export function answerProblems(variant: VariantName, actionTokens: object | undefined): string[] {
  if (
    actionTokens === undefined ||
    variants[variant].objectives.some(({ kind }) => kind === "tokens" || kind === "action tokens")
  )
    return [];
  return [`expected none with policy.variant "${variant}", which says no actions, got a tokenizer`];
}
