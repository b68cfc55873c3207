import { describe, expect, it } from "vitest";
import { fitBytePairs } from "./byte-pair-fit.ts";

/** Each text so many times, as a vocabulary of at most so many tokens. */
function fitted(times: Readonly<Record<string, number>>, vocabulary: number) {
  const texts = Object.entries(times).flatMap(([text, count]) => Array<string>(count).fill(text));
  return fitBytePairs(texts, { alphabet: [], vocabulary, made: () => {} });
}

describe("letters", () => {
  it("come first, by code point, whether they occur in the texts or in the alphabet alone", () => {
    const made = () => {};
    expect(fitBytePairs(["c"], { alphabet: ["d", "a", "d"], vocabulary: 3, made })).toEqual({
      tokens: ["a", "c", "d"],
      merges: [],
    });
  });

  it("may fill the vocabulary, and need no more room than they take", () => {
    expect(fitted({ ab: 3 }, 2)).toEqual({ tokens: ["a", "b"], merges: [] });
    expect(() => fitted({ ab: 3 }, 1)).toThrow("fit: expected room for 2 letters in the vocabulary, got 1 tokens");
  });
});

describe("the pair that occurs most often is merged next", () => {
  it("as long as there is room, and one occurs twice", () => {
    // "b c" 3 times, "a b" and "c d" twice, "d e" once.
    const times = { bc: 3, ab: 2, cd: 2, de: 1 };
    const letters = ["a", "b", "c", "d", "e"];
    expect(fitted(times, 6)).toEqual({ tokens: [...letters, "bc"], merges: [["b", "c"]] });
    expect(fitted(times, 99)).toEqual({
      tokens: [...letters, "bc", "ab", "cd"],
      merges: [
        ["b", "c"],
        ["a", "b"],
        ["c", "d"],
      ],
    });
  });

  it("of several the one of the smallest ids, whichever the texts have first", () => {
    const wanted = [
      ["a", "b"],
      ["a", "c"],
      ["c", "b"],
    ];
    expect(fitted({ cb: 2, ab: 2, ac: 2 }, 99).merges).toEqual(wanted);
    expect(fitted({ ac: 2, ab: 2, cb: 2 }, 99).merges).toEqual(wanted);
  });

  it("counted over all places: also those within one piece", () => {
    // "a b" twice in one text, "c d" in two.
    expect(fitted({ abab: 1, cd: 2, ef: 3 }, 99).merges).toEqual([
      ["e", "f"],
      ["a", "b"],
      ["c", "d"],
    ]);
  });

  it("and whoever trains is told how many tokens there are", () => {
    const made: number[] = [];
    const told = (tokens: number) => made.push(tokens);
    fitBytePairs(["ab", "ab", "cd", "cd"], { alphabet: [], vocabulary: 99, made: told });
    expect(made).toEqual([5, 6]);
  });
});

describe("where a pair is merged, its neighbours have other pairs", () => {
  it("the token before it: each pair with its old self is taken off", () => {
    // "b c" 5 times; then "a b", which were 3, are none, and "a bc" are 3.
    expect(fitted({ abc: 3, bc: 2 }, 99).merges).toEqual([
      ["b", "c"],
      ["a", "bc"],
    ]);
  });

  it("the token behind it: what is left of its old pair elsewhere is still merged", () => {
    // "a b" 7 times, "b c" 5; then "ab c" are 3, and "b c" the 2 that stand alone.
    expect(fitted({ abc: 3, ab: 4, bc: 2 }, 99).merges).toEqual([
      ["a", "b"],
      ["ab", "c"],
      ["b", "c"],
    ]);
  });

  it("places that overlap are merged from the left", () => {
    // "a a" 4 times; then "aa a" twice.
    expect(fitted({ aaa: 2 }, 99)).toEqual({
      tokens: ["a", "aa", "aaa"],
      merges: [
        ["a", "a"],
        ["aa", "a"],
      ],
    });
    // "a a" 6 times; then "aa aa" twice, and no "aa a".
    expect(fitted({ aaaa: 2 }, 99).merges).toEqual([
      ["a", "a"],
      ["aa", "aa"],
    ]);
  });

  it("two places in a row are each other's neighbours, and what lies around them is too", () => {
    // "a b" 4 times; then "x ab", "ab y" and "ab ab" twice each, of which "x ab", of ids 2 and 4, leaves no "ab ab".
    expect(fitted({ xababy: 2 }, 99).merges).toEqual([
      ["a", "b"],
      ["x", "ab"],
      ["ab", "y"],
      ["xab", "aby"],
    ]);
  });
});
