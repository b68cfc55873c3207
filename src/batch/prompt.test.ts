import { expect, it } from "vitest";
import { byteTokenizer } from "../codec/prompt.ts";
import { HostArray } from "../graph/host-array.ts";
import { Padded } from "../validity/padded.ts";
import { Validity } from "../validity/validity.ts";
import { promptTokens } from "./prompt.ts";

const choice = { tokenizer: byteTokenizer, format: "pi05", long: "refuse", where: "here" } as const;

/** Two slots of two entries: one that is unreal or long past, and now. */
function stateOf(past: readonly number[], isPastReal: boolean) {
  const cells = Float32Array.from([...past, 0.5, -2]);
  const valid = Validity.of("o", [2], Uint8Array.of(isPastReal ? 1 : 0, 1));
  return Padded.of(new HostArray("o s", [2, 2], "float32", cells), valid);
}

it("says the state now, whatever history holds", () => {
  const said = "Task: go, State: 192 -1;\nAction: ";
  for (const [past, isReal] of [
    [[0, 0], false],
    [[Number.NaN, Number.NaN], false],
    [[0.9, 0.1], true],
  ] as const) {
    const tokens = promptTokens("go", stateOf(past, isReal), { ...choice, limit: said.length + 1 });
    expect(byteTokenizer.decode(tokens)).toBe(said);
  }
});

it("is refused with the whole text where that is too long", () => {
  expect(() => promptTokens("go", stateOf([0, 0], false), { ...choice, limit: 20 })).toThrow(
    "here: expected a prompt of at most 20 tokens, got 34",
  );
});
