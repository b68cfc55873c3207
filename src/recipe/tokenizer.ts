import { byteTokenizer, type PromptTokenizer } from "../codec/prompt.ts";
import { unknownTokenizer } from "../codec/unknown-tokenizer.ts";
import type { Recipe } from "./schema.ts";

/** What makes tokens of the prompts of a recipe's policy. */
export function tokenizerOf({ policy: { vocabulary } }: Pick<Recipe, "policy">): PromptTokenizer {
  return vocabulary === undefined ? byteTokenizer : unknownTokenizer(vocabulary);
}
