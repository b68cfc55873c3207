import { InputError } from "../input-error.ts";
import type { PromptFit, PromptTokenizer } from "./prompt.ts";
import type { PromptFormat } from "./prompt-format.ts";

/** A response as text: what stands before it whatever it is, and what a policy may learn to say. */
export interface ResponseText {
  readonly before: string;
  /** `null` where no policy learns to say any of it. */
  readonly said: string | null;
}

/**
 * The text of a response behind a prompt, to the byte what its origin makes of it.
 *
 * @source OpenTau `prepare_response` of `modeling_pi05.py`, `modeling_pi06.py` and the two `modeling_pi07_low_level.py`, to which a
 *   planner says what is to be done next
 */
export function formatResponse(prompt: PromptFormat, response: string): ResponseText {
  if (prompt === "pi07") return { before: response === "" ? "" : `Subtask: ${response}, `, said: null };
  if (prompt === "pi07_paligemma") return { before: response === "" ? "" : `Subtask: ${response}`, said: null };
  if (prompt === "pi06_response") return { before: "", said: `${response}<eos>Actions:` };
  return { before: "Response: ", said: `${response}<eos>;\n` };
}

/**
 * The tokens of a response, at most `limit` of them. A token that begins a text stands before what is said, not before the prompt's end.
 *
 * @throws InputError if there are more and `long` is "refuse"
 */
export function encodeResponse(tokenizer: PromptTokenizer, { before, said }: ResponseText, fit: PromptFit): Int32Array {
  const tokens = Int32Array.of(...tokenizer.encodeBehind(before), ...(said === null ? [] : tokenizer.encode(said)));
  if (tokens.length <= fit.limit) return tokens;
  if (fit.long === "refuse")
    throw new InputError(
      `${fit.where}: expected a response of at most ${fit.limit} tokens, got ${tokens.length}: "${said ?? before}"; raise policy.responseTokens, or cut such texts with data.longPrompt "cut"`,
    );
  return tokens.slice(0, fit.limit);
}

/** How many tokens of a response stand there whatever it is: nobody learns to say them. */
export function givenResponseTokens(tokenizer: PromptTokenizer, prompt: PromptFormat): number {
  const { before } = formatResponse(prompt, "");
  return tokenizer.encodeBehind(before).length + tokenizer.encode("").length;
}
