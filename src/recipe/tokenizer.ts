import { z } from "zod";
import { byteTokenizer, type PromptTokenizer } from "../codec/prompt.ts";
import { openTokenizer, tokenizerFolderSchema } from "../codec/tokenizer-file.ts";
import { unknownTokenizer } from "../codec/unknown-tokenizer.ts";
import { InputError } from "../input-error.ts";
import { parseInput } from "../parse-input.ts";
import type { Recipe } from "./schema.ts";

/** The keys of a recipe that say what makes tokens of its prompts. */
interface TokenizerChoice {
  readonly policy: Pick<Recipe["policy"], "tokenizer" | "vocabulary">;
}

/**
 * What makes tokens of the prompts of a recipe's policy. Its vocabulary is the policy's, which may have rows that no text needs, and none for
 * special tokens that no prompt has.
 *
 * @throws InputError where a tokenizer's folder holds none, or another than the weights were trained with, or one of too many tokens
 */
export function tokenizerOf({ policy: { tokenizer, vocabulary } }: TokenizerChoice): PromptTokenizer {
  if (tokenizer === undefined && vocabulary !== undefined) return unknownTokenizer(vocabulary);
  const file = tokenizer === undefined || tokenizer === "bytes" ? null : openTokenizer(tokenizer);
  const own = file ?? byteTokenizer;
  if (vocabulary === undefined) return own;
  const words = file?.words ?? own.vocabulary;
  if (vocabulary < words)
    throw new InputError(
      `policy.tokenizer: expected at most ${vocabulary} tokens, as policy.vocabulary says, got ${words} in ${own.name}`,
    );
  return { ...own, vocabulary, encode: (text) => withinTable(own, vocabulary, own.encode(text)) };
}

/** @throws InputError where a text says a token that the policy does not know */
function withinTable({ name }: PromptTokenizer, vocabulary: number, tokens: Int32Array): Int32Array {
  const other = tokens.find((token) => token >= vocabulary);
  if (other === undefined) return tokens;
  throw new InputError(`prompt: expected tokens below ${vocabulary}, which the weights know, got ${other} of ${name}`);
}

/**
 * What a recipe that goes on from weights says of their words: nothing, but small weights for a trial, without a tokenizer and with fewer words
 * than there are bytes, read bytes, and get the words that they lack.
 */
export function wordsToGoOnWith({ policy: { tokenizer, vocabulary = 0 } }: TokenizerChoice) {
  const bytes = byteTokenizer.vocabulary;
  return tokenizer === undefined && vocabulary < bytes ? ({ tokenizer: "bytes", vocabulary: bytes } as const) : {};
}

/**
 * A recipe whose tokenizer is known by its content: weights that are trained under it are not run with another.
 *
 * @throws InputError as `tokenizerOf`
 */
export function withTokenizerContent(recipe: Recipe): Recipe {
  const { tokenizer } = recipe.policy;
  if (tokenizer === undefined || tokenizer === "bytes") return recipe;
  const { folder } = tokenizer;
  return { ...recipe, policy: { ...recipe.policy, tokenizer: { folder, sha256: openTokenizer(tokenizer).sha256 } } };
}

const trainedSchema = z.looseObject({
  policy: z.looseObject({
    tokenizer: z.union([z.literal("bytes"), tokenizerFolderSchema]).optional(),
    vocabulary: z.int().optional(),
  }),
});

/**
 * Stops weights from reading tokens of another vocabulary than they were trained with. Those whose tokenizer nobody has named yet take any
 * of as many tokens.
 *
 * @param trained the recipe that stands in their manifest
 * @throws InputError where the recipe's tokenizer is not the one of the weights
 */
export function checkTokenizer(where: string, trained: unknown, recipe: Recipe): void {
  const { tokenizer, vocabulary } = parseInput(where, trainedSchema, trained).policy;
  if (tokenizer === undefined && vocabulary !== undefined) return;
  const [found, given] = [contentOf(tokenizer), contentOf(withTokenizerContent(recipe).policy.tokenizer)];
  if (found !== given)
    throw new InputError(`${where}: expected the tokenizer that its weights were trained with, ${found}, got ${given}`);
}

function contentOf(tokenizer: Recipe["policy"]["tokenizer"]): string {
  return tokenizer === undefined || tokenizer === "bytes" ? "bytes" : `one of sha256 ${tokenizer.sha256}`;
}
