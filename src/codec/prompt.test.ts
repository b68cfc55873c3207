import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { byteTokenizer, encodePrompt, givenTokens } from "./prompt.ts";

describe("the byte tokenizer", () => {
  it("encodes by hand: begin, then bytes from 2 on", () => {
    expect([...byteTokenizer.encode("Aé")]).toEqual([1, 67, 2 + 0xc3, 2 + 0xa9]);
    expect([...byteTokenizer.encode("")]).toEqual([1]);
    expect([...byteTokenizer.encodeBehind("Aé")]).toEqual([67, 2 + 0xc3, 2 + 0xa9]);
    expect([...byteTokenizer.encodeBehind("")]).toEqual([]);
  });

  it("gives a text back that begins with a byte order mark, mark and all", () => {
    expect(byteTokenizer.decode(byteTokenizer.encode("\ufeffpush"))).toBe("\ufeffpush");
  });

  it("gives any text back, and never uses the padding token or one beyond its vocabulary", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        const tokens = byteTokenizer.encode(text);
        expect(byteTokenizer.decode(tokens)).toBe(text);
        expect(tokens.every((token) => token !== byteTokenizer.padding && token < byteTokenizer.vocabulary)).toBe(true);
      }),
    );
  });

  it("refuses tokens that no text encodes to", () => {
    for (const tokens of [[], [67], [1, 0], [1, 258], [1, 1]])
      expect(() => byteTokenizer.decode(Int32Array.from(tokens))).toThrow(/expected a begin token and bytes/);
    expect(() => byteTokenizer.decode(Int32Array.of(1, 2 + 0xff))).toThrow(TypeError);
  });
});

describe("a prompt that does not fit", () => {
  const where = 'dataset "pusht" episode 3 frame 9';

  it("is refused with dataset, prompt and both lengths", () => {
    expect(encodePrompt(byteTokenizer, "push", { limit: 5, long: "refuse", where })).toHaveLength(5);
    expect(() => encodePrompt(byteTokenizer, "push!", { limit: 5, long: "refuse", where })).toThrow(
      'dataset "pusht" episode 3 frame 9: expected a prompt of at most 5 tokens, got 6: "push!"; raise policy.promptTokens, or cut such prompts with data.longPrompt "cut"',
    );
  });

  it("is cut at the end where the recipe says so", () => {
    const cut = encodePrompt(byteTokenizer, "push!", { limit: 5, long: "cut", where });
    expect(byteTokenizer.decode(cut)).toBe("push");
  });
});

describe("a prompt that is given as tokens", () => {
  const fit = { limit: 3, where: "robot" };

  it("is taken as it is where every token is the tokenizer's", () => {
    const tokens = Int32Array.of(0, 5, 257);
    expect(givenTokens(byteTokenizer, tokens, fit)).toBe(tokens);
  });

  it("is refused where there are too many, or one is none", () => {
    expect(() => givenTokens(byteTokenizer, Int32Array.of(1, 2, 3, 4), fit)).toThrow(
      "robot: expected a prompt of at most 3 tokens, got 4",
    );
    for (const other of [-1, 258])
      expect(() => givenTokens(byteTokenizer, Int32Array.of(1, other), fit)).toThrow(
        `robot: expected tokens from 0 to 257, got ${other}`,
      );
  });
});
