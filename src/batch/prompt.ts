import { encodePrompt, givenTokens, type PromptFit, type PromptTokenizer } from "../codec/prompt.ts";
import { formatPrompt, type PromptFormat } from "../codec/prompt-format.ts";
import { encodeResponse, formatResponse } from "../codec/response.ts";
import type { Padded } from "../validity/padded.ts";

/** How an instruction becomes tokens. */
export interface PromptWriting extends PromptFit {
  readonly tokenizer: PromptTokenizer;
  readonly format: PromptFormat;
}

/**
 * The tokens of a sample's prompt, which may be given as them. Its state has the robot's own width: entries of other robots never enter a
 * text, nor does history.
 *
 * @param state `[o s]` in unit scale, oldest slot first; the last slot is now, which always exists
 * @throws InputError if the prompt is longer than fits and has to be refused then
 */
export function promptTokens(
  task: string | Int32Array,
  state: Padded<"o s", "float32", "o">,
  choice: PromptWriting,
): Int32Array {
  if (typeof task !== "string") return givenTokens(choice.tokenizer, task, choice);
  const now = state.read(({ shape, cells }) => cells.subarray(cells.length - (shape[1] ?? 0)));
  return encodePrompt(choice.tokenizer, formatPrompt(choice.format, task, now), choice);
}

/** The tokens of a sample's response. @throws InputError if it is longer than fits and has to be refused then */
export function responseTokens(text: string, choice: PromptWriting): Int32Array {
  return encodeResponse(choice.tokenizer, formatResponse(choice.format, text), choice);
}
