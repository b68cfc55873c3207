import { describe, expect, it } from "vitest";
import { HostArray } from "../graph/host-array.ts";
import { AnswerCodec, unmergedLength } from "./answer.ts";
import { unfittedFast } from "./fast.ts";
import { byteTokenizer } from "./prompt.ts";

const codec = new AnswerCodec(byteTokenizer, unfittedFast());
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
