import type { HostArray } from "../graph/host-array.ts";
import { type ChunkForm, type FastForm, FastTokenizer } from "./fast.ts";
import type { PromptTokenizer } from "./prompt.ts";

/** How actions are said in a vocabulary of words: plain data. */
export interface AnswerForm {
  readonly tokenizer: FastForm;
  /**
   * Actions are said with the vocabulary's own last tokens, all but so many at its end. Missing: with tokens of their own, behind those of
   * words.
   */
  readonly skipped?: number | undefined;
  /** Actions are said beside a flow, in a vocabulary of their own whose first token has this number. Missing: in that of words. */
  readonly apart?: number | undefined;
  /** Missing: real steps. */
  readonly says?: ChunkForm["says"] | undefined;
}

/** How many tokens an answer has where each of so many coefficients is a token of its own. */
export function unmergedLength(text: PromptTokenizer, coefficients: number): number {
  return text.encode(beforeActions).length + coefficients + 1;
}

const beforeActions = "Action: ";

/** What says actions as tokens. */
export interface ActionSayer {
  readonly says: ChunkForm["says"];
  /** @param actions `[t d]`, in unit scale: steps and dofs that exist */
  encode(actions: HostArray<"t d">): Int32Array;
}

/**
 * Says actions as a form has it.
 *
 * @throws RangeError as `AnswerCodec`
 */
export function actionSayer(text: PromptTokenizer, form: AnswerForm): ActionSayer {
  const { apart, tokenizer, says = "real steps" } = form;
  if (apart === undefined) return new AnswerCodec(text, form);
  const fast = new FastTokenizer(tokenizer);
  const before = text.encodeBehind(beforeActions);
  return { says, encode: (actions) => Int32Array.of(...before, ...fast.encode(actions).map((token) => apart + token)) };
}

/** How many tokens actions are said with. */
export function actionTokenCount(tokenizer: FastForm): number {
  return new FastTokenizer(tokenizer).vocabulary;
}

/**
 * Actions as an answer in the tokens of a prompt's tokenizer and back: the token that begins, `Action: `, the action's tokens, `|`.
 *
 * Tokens of actions stand at the end of the vocabulary, counted from behind: 0 is the last but those that are skipped.
 *
 * @source openpi `tokenizer.py` `FASTTokenizer`; LeRobot `tokenizer_processor.py` `ActionTokenizerProcessorStep`
 */
export class AnswerCodec {
  readonly #fast: FastTokenizer;
  readonly #before: Int32Array;
  readonly #last: number;
  /** Rows of the table of tokens of a policy that answers so. */
  readonly vocabulary: number;
  /** The token that every answer begins with: a policy is given it, and says the rest. */
  readonly begin: number;
  /** The token after which an answer is over. */
  readonly end: number;

  readonly says: ChunkForm["says"];

  /** @throws RangeError if the text has no single token for `|`, or less tokens than actions are to be said with */
  constructor(text: PromptTokenizer, { tokenizer, skipped, says }: AnswerForm) {
    this.#fast = new FastTokenizer(tokenizer);
    this.says = says ?? "real steps";
    this.#before = text.encode(beforeActions);
    const mark = text.encode("|");
    const [begin, end] = mark;
    if (begin === undefined || end === undefined || mark.length > 2)
      throw new RangeError(
        `answer: expected "|" to be one token of ${text.name} behind one that begins, got ${mark.length} in all`,
      );
    this.begin = begin;
    this.end = end;
    this.vocabulary = text.vocabulary + (skipped === undefined ? this.#fast.vocabulary : 0);
    this.#last = this.vocabulary - 1 - (skipped ?? 0);
    if (this.#last + 1 < this.#fast.vocabulary)
      throw new RangeError(
        `answer: expected at least ${this.#fast.vocabulary} tokens of ${text.name} in front of the last ${skipped}, got ${this.#last + 1}`,
      );
  }

  /** @param actions `[t d]`, in unit scale: steps and dofs that exist */
  encode(actions: HostArray<"t d">): Int32Array {
    const said = this.#fast.encode(actions).map((token) => this.#last - token);
    return Int32Array.of(...this.#before, ...said, this.end);
  }

  /**
   * The steps that a policy has said.
   *
   * A policy that says whole chunks may run out of room before their end: what it has said by then are the lower frequencies.
   *
   * @param said tokens behind the first: whatever comes after the end is not listened to
   * @returns `[t d]`, of at least one step
   * @throws RangeError naming what is no chunk of the robot: another beginning, no end, tokens of words, another number of coefficients
   * @source LeRobot `modeling_pi0_fast.py` `detokenize_actions`
   */
  decode(said: Int32Array, robot: Omit<ChunkForm, "says">): HostArray<"t d"> {
    const before = this.#before.subarray(1);
    if (before.some((token, at) => said[at] !== token))
      throw new RangeError(`answer: expected it to begin with [${before.join(" ")}], got [${said.join(" ")}]`);
    const found = said.indexOf(this.end);
    const end = found < 0 && this.says === "whole chunks" ? said.length : found;
    if (end < 0) throw new RangeError(`answer: expected an end after at most ${said.length} tokens, got none`);
    const tokens = said.slice(before.length, end).map((token) => this.#last - token);
    const word = tokens.findIndex((token) => token < 0 || token >= this.#fast.vocabulary);
    if (word >= 0)
      throw new RangeError(`answer: expected tokens of actions alone, got ${said[before.length + word]} among them`);
    return this.#fast.decode(tokens, { ...robot, says: this.says });
  }
}
