import { describe, expect, it } from "vitest";
import { byteTokenizer } from "./prompt.ts";
import { encodeResponse, formatResponse, givenResponseTokens } from "./response.ts";

const fit = { limit: 40, long: "refuse", where: 'dataset "toy" episode 1 frame 2' } as const;
const text = (tokens: Int32Array) => Buffer.from(Uint8Array.from(tokens, (token) => token - 2)).toString();

describe("a response", () => {
  it.each([
    ["pi05_fast", { before: "Response: ", said: "grasp the cup<eos>;\n" }],
    ["pi06_response", { before: "", said: "grasp the cup<eos>Actions:" }],
    ["pi07", { before: "Subtask: grasp the cup, ", said: null }],
    ["pi07_paligemma", { before: "Subtask: grasp the cup", said: null }],
  ] as const)("behind a prompt of %s is %j", (format, expected) => {
    expect(formatResponse(format, "grasp the cup")).toEqual(expected);
  });

  it("begins where it is said, not with the word before it: so many tokens stand there whatever it is", () => {
    const tokens = encodeResponse(byteTokenizer, formatResponse("pi05_fast", "go"), fit);
    const given = givenResponseTokens(byteTokenizer, "pi05_fast");
    expect([given, tokens[10], tokens.filter((token) => token === 1).length]).toEqual([11, 1, 1]);
    expect([text(tokens.subarray(0, 10)), text(tokens.subarray(11))]).toEqual(["Response: ", "go<eos>;\n"]);
    expect(givenResponseTokens(byteTokenizer, "pi06_response")).toBe(1);
  });

  it("that a planner gives is said whole, by nobody, and of an empty one nothing stands there", () => {
    expect(text(encodeResponse(byteTokenizer, formatResponse("pi07", "go"), fit))).toBe("Subtask: go, ");
    for (const format of ["pi07", "pi07_paligemma"] as const)
      expect(encodeResponse(byteTokenizer, formatResponse(format, ""), fit)).toHaveLength(0);
    expect(() => encodeResponse(byteTokenizer, formatResponse("pi07", "go"), { ...fit, limit: 12 })).toThrow(
      'expected a response of at most 12 tokens, got 13: "Subtask: go, "',
    );
  });

  it("that does not fit is refused by where it stands, or cut at its end where the recipe says so", () => {
    const short = { ...fit, limit: 13 };
    expect(() => encodeResponse(byteTokenizer, formatResponse("pi05_fast", "go"), short)).toThrow(
      'dataset "toy" episode 1 frame 2: expected a response of at most 13 tokens, got 20: "go<eos>;\n"; raise policy.responseTokens',
    );
    const cut = encodeResponse(byteTokenizer, formatResponse("pi05_fast", "go"), { ...short, long: "cut" });
    expect(text(cut.subarray(11))).toBe("go");
    expect(encodeResponse(byteTokenizer, formatResponse("pi05_fast", "go"), { ...fit, limit: 20 })).toHaveLength(20);
  });
});
