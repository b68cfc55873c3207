import { describe, expect, it } from "vitest";
import { HostArray } from "../graph/host-array.ts";
import { AnswerCodec, unmergedLength } from "./answer.ts";
import { unfittedFast } from "./fast.ts";
import { byteTokenizer, type PromptTokenizer } from "./prompt.ts";

const codec = new AnswerCodec(byteTokenizer, { tokenizer: unfittedFast() });
const actions = new HostArray("t d", [1, 3], "float32", Float32Array.of(0.5, -1, 16));
const robot = { dofs: 3, horizon: 2 };

/** "Action: " in bytes, behind the tokens for nothing and for the beginning. */
const before = [65, 99, 116, 105, 111, 110, 58, 32].map((byte) => byte + 2);
const end = 124 + 2;

/**
 * 258 tokens of text and 128 of actions: token 0 is the last, 385. One step is its own coefficients: 2, −4 and, since 64 is one too many,
 * 63 quarters; as characters 66, 60 and 127. The first that prints is 33; 127 stands behind the 94 that print and 33 that do not.
 */
const said = [385 - (66 - 33), 385 - (60 - 33), 385 - (94 + 33)];

describe("an answer, by hand", () => {
  it("begins, names the action, says it from the end of the vocabulary, and ends", () => {
    expect([codec.vocabulary, codec.begin, codec.end]).toEqual([258 + 128, 1, end]);
    expect([...codec.encode(actions)]).toEqual([1, ...before, ...said, end]);
    expect(unmergedLength(byteTokenizer, 3)).toBe(1 + 8 + 3 + 1);
  });

  it("is understood, whatever is said behind its end", () => {
    const found = codec.decode(Int32Array.of(...before, ...said, end, 7, 300), robot);
    expect([found.shape, [...found.cells]]).toEqual([
      [1, 3],
      [0.5, -1, 15.75],
    ]);
  });
});

it("a token of actions is told from a word and from what is no token, at both ends of their range", () => {
  // The first of 128 is "!", the character 33, and the last stands for the byte 127: 33 and 127 quarters from −16.
  const one = { dofs: 2, horizon: 1 };
  const ends = codec.decode(Int32Array.of(...before, 385, 258, end), one);
  expect([...ends.cells]).toEqual([(33 - 64) / 4, (127 - 64) / 4]);
  for (const other of [386, 257])
    for (const tokens of [
      [other, 300],
      [300, other],
    ])
      expect(() => codec.decode(Int32Array.of(...before, ...tokens, end), one)).toThrow(
        `answer: expected tokens of actions alone, got ${other} among them`,
      );
});

describe("actions that are said with the last tokens of words", () => {
  // Of 258 tokens the last 5 are skipped: token 0 of an action is 252, and 127 is 125.
  const within = new AnswerCodec(byteTokenizer, { tokenizer: unfittedFast(), skipped: 5, says: "whole chunks" });
  const own = said.map((token) => token - 385 + 252);

  it("add none to the vocabulary, and stand before those that are skipped", () => {
    expect([within.vocabulary, within.says, codec.says]).toEqual([258, "whole chunks", "real steps"]);
    expect([...within.encode(actions)]).toEqual([1, ...before, ...own, end]);
  });

  it("are a whole chunk where the end was not said, or not every frequency", () => {
    // √½ of the first frequency at both steps.
    const half = (cell: number) => Math.round(cell * Math.SQRT1_2 * 1e5) / 1e5;
    for (const tokens of [
      [...before, ...own],
      [...before, ...own, end],
      [...before, ...own, end, 7],
    ]) {
      const { shape, cells } = within.decode(Int32Array.from(tokens), robot);
      expect(shape).toEqual([2, 3]);
      const found = [...cells].map((cell) => Math.round(cell * 1e5) / 1e5);
      expect(found).toEqual([0.5, -1, 15.75, 0.5, -1, 15.75].map(half));
    }
    expect(() => within.decode(Int32Array.of(...before, end), robot)).toThrow("got 0 in all");
  });

  it("need as many", () => {
    expect(new AnswerCodec(byteTokenizer, { tokenizer: unfittedFast(), skipped: 130 }).vocabulary).toBe(258);
    expect(() => new AnswerCodec(byteTokenizer, { tokenizer: unfittedFast(), skipped: 131 })).toThrow(
      "answer: expected at least 128 tokens of bytes in front of the last 131, got 127",
    );
  });
});

describe("a tokenizer of words", () => {
  const words = (mark: readonly number[]): PromptTokenizer => ({
    name: "words",
    vocabulary: 9,
    padding: 0,
    encode: (text) => Int32Array.from(text === "|" ? mark : [1]),
    encodeBehind: () => Int32Array.of(),
    decode: () => "",
  });

  it("may say nothing before the actions: then an end alone is an answer without coefficients", () => {
    const short = new AnswerCodec(words([1, 2]), { tokenizer: unfittedFast() });
    expect([...short.encode(actions)]).toEqual([1, ...said.map((token) => token - 258 + 9), 2]);
    expect(() => short.decode(Int32Array.of(2), robot)).toThrow("got 0 in all");
    expect(() => short.decode(Int32Array.of(3), robot)).toThrow("expected an end after at most 1 tokens, got none");
  });

  it.each([[[]], [[1]], [[1, 2, 3]]])("is refused where it has %j for the end", (mark) => {
    expect(() => new AnswerCodec(words(mark), { tokenizer: unfittedFast() })).toThrow(
      `answer: expected "|" to be one token of words behind one that begins, got ${mark.length} in all`,
    );
  });
});

describe("an answer that is no chunk is refused, by what is wrong with it", () => {
  it.each([
    [[66, ...before.slice(1), ...said, end], "answer: expected it to begin with [67 101 118"],
    [[...before, ...said], "answer: expected an end after at most 11 tokens, got none"],
    [[...before, said[0]!, 99, said[2]!, end], "answer: expected tokens of actions alone, got 99 among them"],
    [[...before, said[0]!, said[1]!, end], "FAST: expected 3 coefficients for each of 1 to 2 steps, got 2 in all"],
    [[...before, end], "FAST: expected 3 coefficients for each of 1 to 2 steps, got 0 in all"],
  ])("%j", (tokens, message) => {
    expect(() => codec.decode(Int32Array.from(tokens), robot)).toThrow(message);
  });
});
