import { describe, expect, it } from "vitest";
import { HostArray } from "../graph/host-array.ts";
import { byteLetters } from "./byte-pair.ts";
import { FastTokenizer, fitFast, unfittedFast } from "./fast.ts";

const chunk = (steps: readonly (readonly number[])[]) =>
  new HostArray("t d", [steps.length, steps[0]!.length], "float32", Float32Array.from(steps.flat()));

const unfitted = new FastTokenizer(unfittedFast());

describe("a chunk as tokens, by hand", () => {
  // Two steps: √½ · (x₀ + x₁), and √½ · (x₀ − x₁), since cos(π/4) = −cos(3π/4) = √½ and the row's size is 1.
  const actions = chunk([
    [1, -0.5],
    [-1, -0.5],
  ]);

  it("is its coefficients, frequency by frequency and within each dof by dof", () => {
    // In quarters 0 and −√½ · 4 = −2.83 of frequency 0, √2 · 4 = 5.66 and 0 of frequency 1: 64 + 0, − 3, + 6, + 0 as characters,
    // which print, the first of those being 33.
    expect([...unfitted.encode(actions)]).toEqual([64 - 33, 61 - 33, 70 - 33, 64 - 33]);
  });

  it("comes back within half a step of the rounding", () => {
    const { shape, cells } = unfitted.decode(unfitted.encode(actions), { dofs: 2, horizon: 2, says: "real steps" });
    expect(shape).toEqual([2, 2]);
    // 6/4 · √½ and −3/4 · √½.
    for (const [at, wanted] of [1.06066, -0.53033, -1.06066, -0.53033].entries())
      expect(cells[at]).toBeCloseTo(wanted, 4);
  });
});

it("halves are rounded to the even number, as numpy does", () => {
  // One step is its own coefficient: 0.375 and 0.625 times 4 are 1.5 and 2.5.
  const back = (value: number) =>
    unfitted.decode(unfitted.encode(chunk([[value]])), { dofs: 1, horizon: 1, says: "real steps" }).cells[0]!;
  expect([0.375, 0.625, -0.375, -0.625].map((value) => back(value) * 4)).toEqual([2, 2, -2, -2]);
});

describe("tokens that are no chunk of a robot are refused", () => {
  const tokens = unfitted.encode(chunk([[0.1, 0.2, 0.3]]));

  it.each([
    [
      { dofs: 2, horizon: 4, says: "real steps" },
      "FAST: expected 2 coefficients for each of 1 to 4 steps, got 3 in all",
    ],
    [
      { dofs: 1, horizon: 2, says: "real steps" },
      "FAST: expected 1 coefficients for each of 1 to 2 steps, got 3 in all",
    ],
  ] as const)("of another width or longer than a chunk: %j", (robot, message) => {
    expect(() => unfitted.decode(tokens, robot)).toThrow(message);
  });

  it("of nothing, of half a character, and of no vocabulary", () => {
    const half = new FastTokenizer({ scale: 1, lowest: 0, tokens: [byteLetters[0xc2]!], merges: [] });
    const robot = { dofs: 3, horizon: 1, says: "real steps" } as const;
    expect(() => unfitted.decode(new Int32Array(), robot)).toThrow("got 0 in all");
    expect(() => half.decode(Int32Array.of(0), robot)).toThrow("byte pairs: expected bytes of a text in UTF-8");
    expect(() => unfitted.decode(Int32Array.of(128), robot)).toThrow("byte pairs: expected ids below 128, got 128");
  });
});

describe("a chunk that is said whole has all its steps, by hand", () => {
  const whole = (said: readonly number[], dofs: number) => {
    const tokens = unfitted.encode(chunk([said]));
    const { shape, cells } = unfitted.decode(tokens, { dofs, horizon: 2, says: "whole chunks" });
    return [shape, [...cells].map((cell) => Math.round((cell / Math.SQRT1_2) * 1e5) / 1e5)];
  };

  it("of frequencies that are not said, nothing: the second of one dof, or of its second dof alone", () => {
    // In √½: 1 at both steps; 2 ± 1 of the first dof, 4 of the second.
    expect(whole([1], 1)).toEqual([
      [2, 1],
      [1, 1],
    ]);
    expect(whole([2, 4, 1], 2)).toEqual([
      [2, 2],
      [3, 4, 1, 4],
    ]);
  });

  it("without what is said behind the last, and none of nothing", () => {
    expect(whole([1, 2, 3], 1)).toEqual(whole([1, 2], 1));
    expect(() => unfitted.decode(new Int32Array(), { dofs: 1, horizon: 2, says: "whole chunks" })).toThrow(
      "FAST: expected 1 coefficients for each of 1 to 2 steps, got 0 in all",
    );
  });
});

it("a coefficient beyond all that were met when it was fitted becomes the nearest that was", () => {
  // Coefficients −3, 0 and 3: characters 0, 3 and 6, one byte each.
  const narrow = new FastTokenizer(
    fitFast([chunk([[-0.3]]), chunk([[0]]), chunk([[0.3]])], { scale: 10, vocabulary: 20, made: () => {} }),
  );
  expect(narrow.vocabulary).toBe(7);
  const back = (value: number) =>
    narrow.decode(narrow.encode(chunk([[value]])), { dofs: 1, horizon: 1, says: "real steps" }).cells[0]!;
  expect([-9, -0.1, 0.2, 9].map((value) => Math.round(back(value) * 10))).toEqual([-3, -1, 2, 3]);
});

describe("a coefficient that has no character becomes the nearest that has one", () => {
  const token = (tokens: readonly string[], coefficient: number) => [
    ...new FastTokenizer({ scale: 1, lowest: 0, tokens, merges: [] }).encode(chunk([[coefficient]])),
  ];
  /** U+07FF, the largest, is the bytes DF BF; U+0800, which is one too many, E0 A0 80. */
  const largest = [0xdf, 0xbf].map((byte) => byteLetters[byte]!);
  const beyond = [0xe0, 0xa0, 0x80].map((byte) => byteLetters[byte]!);

  it("below or above it, and of two as near the one below", () => {
    const found = [-5, 0, 65, 66, 67, 68, 5000].map((one) => token(["A", "D"], one));
    expect(found).toEqual([[0], [0], [0], [0], [1], [1], [1]]);
    expect(token(["A", "C"], 66)).toEqual([0]);
  });

  it("from the first character to the largest of two bytes, and none beyond", () => {
    expect(token([byteLetters[0]!, "A"], -1)).toEqual([0]);
    expect([0, 0x7ff, 5000].map((one) => token(largest, one))).toEqual([
      [0, 1],
      [0, 1],
      [0, 1],
    ]);
    expect(token([...beyond, "A"], 0x7ff)).toEqual([3]);
    expect(() => token(beyond, 0x7ff)).toThrow("FAST: expected a vocabulary with a character, got one with none");
  });
});

describe("coefficients as far apart as two bytes reach", () => {
  const between = (lowest: number, highest: number) =>
    fitFast([chunk([[highest]]), chunk([[lowest]])], { scale: 1, vocabulary: 222, made: () => {} });

  it("are fitted: their letters are 128 bytes alone, 30 that begin a character of two and 64 that go on", () => {
    const form = between(-3, -3 + 0x7ff);
    expect([form.lowest, form.tokens.length, form.merges]).toEqual([-3, 128 + 30 + 64, []]);
  });

  it("and not one more", () => {
    expect(() => between(-3, -3 + 0x800)).toThrow(
      "fitFast: expected coefficients within 2047 of each other, got -3 to 2045; use a smaller scale than 1",
    );
  });
});

it("nothing is fitted to nothing, nor where letters alone are too many", () => {
  const made = () => {};
  expect(() => fitFast([], { scale: 10, vocabulary: 20, made })).toThrow(
    "fitFast: expected chunks of actions, got none",
  );
  expect(() => fitFast([chunk([[0], [9]])], { scale: 10, vocabulary: 20, made })).toThrow(
    "fit: expected room for 130 letters in the vocabulary, got 20 tokens",
  );
});
