import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { expectClose } from "../../src/graph/testing/close.ts";
import type { PrefixSegment } from "../../src/policy/prefix.ts";
import { formulaBytes, formulaIds } from "./formula.ts";
import { imageTower, languageModel } from "./published.ts";

const numbers = z.array(z.number());
const file = z.object({
  models: z.record(z.string(), z.object({ seen: numbers, logits: numbers.optional() })),
});
const home = join(import.meta.dirname, "published");
const { models } = file.parse(JSON.parse(readFileSync(join(home, "outputs.json"), "utf8")));

const [rows, words, side, firstLogits] = [2, 6, 16, 24];
const tokens = formulaIds("published/words", rows * words, 256);
const pictures = formulaBytes("published/pictures", rows * side * side * 3);
const reads: PrefixSegment = { tokens: "prompt", sight: "causal" };

/** `1e-4`, as a share of the largest: float32 through seven layers comes within a hundredth of it. */
function expectNear(name: string, got: ArrayLike<number>, wanted: readonly number[]): void {
  const largest = Math.max(...wanted.map(Math.abs));
  expectClose(name, got, wanted, {
    absolute: 1e-4 * largest,
    relative: 0,
    because: "float32 in another order of sums",
  });
}

describe.each(["siglip", "siglip_vision_model"])("%s, taken from its folder", (name) => {
  it("makes of pictures what transformers makes of them", async () => {
    const { seen } = await imageTower(join(home, name), { prefix: [reads], rows, tokens, pictures, square: 1 });
    expectNear("seen", seen, models[name]!.seen);
  });
});

describe.each<{ name: string; before: readonly PrefixSegment[]; prompt?: PrefixSegment; square?: number }>([
  { name: "gemma", before: [] },
  { name: "gemma3_text", before: [] },
  { name: "llama", before: [] },
  {
    name: "paligemma",
    before: [{ tokens: "pictures", sight: "within" }],
    prompt: { tokens: "prompt", sight: "joins-previous" },
  },
  { name: "gemma3", before: [{ tokens: "pictures", sight: "within" }], square: 2 },
  { name: "smolvlm", before: [{ tokens: "pictures", sight: "causal" }], square: 2 },
])("$name, taken from its folder", ({ name, before, prompt = reads, square = 1 }) => {
  it("makes of words, and of pictures where it sees, what transformers makes of them", async () => {
    const seesPictures = before.length > 0 ? pictures : null;
    const question = { prefix: [...before, prompt], rows, tokens, pictures: seesPictures, square };
    const { seen, logits } = await languageModel(join(home, name), question);
    const { seen: wanted, logits: wantedLogits = [] } = models[name]!;
    expectNear("seen", seen, wanted);
    const first = Array.from({ length: rows }, (_, row) =>
      [...logits.slice((row * logits.length) / rows)].slice(0, firstLogits),
    );
    expect(wantedLogits).toHaveLength(rows * firstLogits);
    expectNear("logits", first.flat(), wantedLogits);
  });
});
