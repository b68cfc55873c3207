import { expect, it } from "vitest";
import { InputError } from "../input-error.ts";
import { unknownTokenizer } from "./unknown-tokenizer.ts";

it("a tokenizer that is not known has as many tokens as the weights, and takes and gives no text", () => {
  const unknown = unknownTokenizer(257);
  expect([unknown.name, unknown.vocabulary, unknown.padding]).toEqual(["unknown", 257, 0]);
  for (const refused of [
    () => unknown.encode("push"),
    () => unknown.encodeBehind("push"),
    () => unknown.decode(Int32Array.of(1)),
  ]) {
    expect(refused).toThrow(InputError);
    expect(refused).toThrow("the tokenizer of these weights, which has 257 tokens, is not known");
  }
});
