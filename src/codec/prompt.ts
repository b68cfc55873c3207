import { InputError } from "../input-error.ts";

/** A text as numbers and back. */
export interface PromptTokenizer {
  readonly name: string;
  /** Token ids are below this. */
  readonly vocabulary: number;
  /** Fills cells that hold no token; no text encodes to it. */
  readonly padding: number;
  encode(text: string): Int32Array;
  /** The tokens of a text that stands behind others: without those that are put around a prompt. */
  encodeBehind(text: string): Int32Array;
  /** @throws RangeError if the tokens are none that `encode` makes */
  decode(tokens: Int32Array): string;
}

/** What becomes of a prompt that does not fit: refused, or cut at the end by the recipe's explicit choice. */
export type LongPrompt = "refuse" | "cut";

const begin = 1;
const firstByte = 2;

/** One token to begin, then one per byte of the text in UTF-8. Needs no file, until a real tokenizer is there. */
export const byteTokenizer: PromptTokenizer = {
  name: "bytes",
  vocabulary: firstByte + 256,
  padding: 0,
  encode(text) {
    const bytes = new TextEncoder().encode(text);
    const tokens = new Int32Array(1 + bytes.length);
    tokens[0] = begin;
    for (const [at, byte] of bytes.entries()) tokens[1 + at] = firstByte + byte;
    return tokens;
  },
  encodeBehind: (text) => byteTokenizer.encode(text).slice(1),
  decode(tokens) {
    const bytes = tokens.subarray(1);
    const outside = bytes.findIndex((token) => token < firstByte || token >= firstByte + 256);
    if (tokens[0] !== begin || outside >= 0)
      throw new RangeError(`byteTokenizer.decode: expected a begin token and bytes, got [${tokens.join(" ")}]`);
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(
      Uint8Array.from(bytes, (token) => token - firstByte),
    );
  },
};

/**
 * The tokens of a prompt, at most `limit` of them.
 *
 * @throws InputError if the prompt is longer and `long` is "refuse"
 */
export function encodePrompt(tokenizer: PromptTokenizer, text: string, fit: PromptFit): Int32Array {
  const tokens = tokenizer.encode(text);
  if (tokens.length <= fit.limit) return tokens;
  if (fit.long === "refuse")
    throw new InputError(
      `${fit.where}: expected a prompt of at most ${fit.limit} tokens, got ${tokens.length}: "${text}"; raise policy.promptTokens, or cut such prompts with data.longPrompt "cut"`,
    );
  return tokens.slice(0, fit.limit);
}

/**
 * A prompt that is given as tokens.
 *
 * @throws InputError where there are too many, or one is none of the tokenizer's
 */
export function givenTokens(
  { vocabulary }: PromptTokenizer,
  tokens: Int32Array,
  { limit, where }: Pick<PromptFit, "limit" | "where">,
): Int32Array {
  if (tokens.length > limit)
    throw new InputError(`${where}: expected a prompt of at most ${limit} tokens, got ${tokens.length}`);
  const other = tokens.find((token) => token < 0 || token >= vocabulary);
  if (other !== undefined) throw new InputError(`${where}: expected tokens from 0 to ${vocabulary - 1}, got ${other}`);
  return tokens;
}

/** How long a prompt may be. */
export interface PromptFit {
  readonly limit: number;
  readonly long: LongPrompt;
  /** Names dataset, episode and frame in the error. */
  readonly where: string;
}
