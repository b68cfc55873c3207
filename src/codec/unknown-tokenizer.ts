import { InputError } from "../input-error.ts";
import type { PromptTokenizer } from "./prompt.ts";

/** Stands in for the tokenizer of weights that came without theirs: it knows how many tokens there are, and encodes no text. */
export function unknownTokenizer(vocabulary: number): PromptTokenizer {
  const refuse = (): never => {
    throw new InputError(
      `prompt: expected its tokens, got a text: the tokenizer of these weights, which has ${vocabulary} tokens, is not known; ` +
        "give an Int32Array of tokens",
    );
  };
  return { name: "unknown", vocabulary, padding: 0, encode: refuse, encodeBehind: refuse, decode: refuse };
}
