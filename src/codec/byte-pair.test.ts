import { describe, expect, it } from "vitest";
import { BytePairs, byteLetters, pairKey, pairOf, piecesOf } from "./byte-pair.ts";

it("a byte that prints is its own letter, and the others are those from U+0100 on", () => {
  // Of the bytes that do not print 33 come before "!", 34 between "~" and "¡", and 173 is the last.
  const letters = [0, 32, 33, 126, 127, 160, 161, 172, 173, 174, 255].map((byte) => byteLetters[byte]!.codePointAt(0));
  expect(letters).toEqual([256, 256 + 32, 33, 126, 256 + 33, 256 + 66, 161, 172, 256 + 67, 174, 255]);
  expect(new Set(byteLetters).size).toBe(256);
});

describe("a text falls into pieces as GPT-2's does", () => {
  it.each([
    ["It's we've I'll", ["It", "'s", "Ġwe", "'ve", "ĠI", "'ll"]],
    ["ab12 345!? ++", ["ab", "12", "Ġ345", "!?", "Ġ++"]],
    ["a   b", ["a", "ĠĠ", "Ġb"]],
    ["a\nb", ["a", "Ċ", "b"]],
    ["a   ", ["a", "ĠĠĠ"]],
    ["é", ["Ã©"]],
    ["", []],
  ])("%j", (text, pieces) => {
    expect(piecesOf(text)).toEqual(pieces);
  });
});

it("a pair is one number, and comes back", () => {
  expect([pairKey(0, 1), pairKey(1, 0), pairKey(3, 5)]).toEqual([1, 2 ** 21, 3 * 2 ** 21 + 5]);
  expect(pairOf(3 * 2 ** 21 + 5)).toEqual([3, 5]);
});

describe("a text as tokens", () => {
  const pairs = new BytePairs({
    tokens: ["a", "b", "c", "d", "bc", "ab", "abc", "abd", "aa"],
    merges: [
      ["b", "c"],
      ["a", "b"],
      ["a", "bc"],
      ["ab", "d"],
      ["a", "a"],
    ],
  });

  it.each([
    ["", []],
    ["d", [3]],
    // The pair in the middle is merged before the one in front, and the token before it then has another pair.
    ["abc", [6]],
    // The token behind a merged pair has another pair as well.
    ["abd", [7]],
    // Each place of a pair is merged, and of places that overlap the leftmost.
    ["ababd", [5, 7]],
    ["aaa", [8, 0]],
    // By rank: "a b" before "a a".
    ["aab", [0, 5]],
    ["dabcabcd", [3, 6, 6, 3]],
  ])("%j is merged in the order of the merges, not of the text", (text, tokens) => {
    expect([...pairs.encode(text)]).toEqual(tokens);
    expect(pairs.decode(Int32Array.from(tokens))).toBe(text);
  });

  it("begins with a byte order mark where it has one", () => {
    const mark = [0xef, 0xbb, 0xbf].map((byte) => byteLetters[byte]!);
    const marked = new BytePairs({ tokens: [...mark, "a"], merges: [] });
    expect([...marked.encode("\ufeffa")]).toEqual([0, 1, 2, 3]);
    expect(marked.decode(Int32Array.of(0, 1, 2, 3))).toBe("\ufeffa");
  });

  it("is known where all bytes of all its pieces are", () => {
    // "é" is two bytes, of which one is there.
    const one = new BytePairs({ tokens: ["a", "Ã"], merges: [] });
    expect(["", "aa", "b", "é", "a!", "!a"].map((text) => one.knows(text))).toEqual([
      ...[true, true, false, false, false, false],
    ]);
    expect(one.size).toBe(2);
  });
});

describe("what the vocabulary does not have is refused by its name", () => {
  const tokens = ["a", "b", "日"];
  const pairs = new BytePairs({ tokens, merges: [] });

  it("a byte of a text, an id, and a token that is no letters of bytes", () => {
    expect(() => pairs.encode("ac")).toThrow('byte pairs: expected bytes of the vocabulary, got "c"');
    for (const id of [-1, 3])
      expect(() => pairs.decode(Int32Array.of(0, id))).toThrow(`byte pairs: expected ids below 3, got ${id}`);
    expect(() => pairs.decode(Int32Array.of(2))).toThrow('byte pairs: expected letters of bytes, got "日"');
  });

  it.each([
    ["c", "a"],
    ["a", "c"],
    ["a", "b"],
  ])("a merge of %j and %j", (one, other) => {
    const more = [...tokens, "ca", "ac"];
    expect(() => new BytePairs({ tokens: more, merges: [[one, other]] })).toThrow(
      `byte pairs: expected merges of tokens of the vocabulary, got "${one} ${other}"`,
    );
  });
});
