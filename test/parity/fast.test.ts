import { readFileSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { BytePairs, piecesOf } from "../../src/codec/byte-pair.ts";
import { fitBytePairs } from "../../src/codec/byte-pair-fit.ts";
import { cosines, fromCosines } from "../../src/codec/cosine.ts";
import { FastTokenizer, fitFast } from "../../src/codec/fast.ts";
import { writeFast } from "../../src/codec/fast-file.ts";
import { HostArray } from "../../src/graph/host-array.ts";

/** One of the two fits: with the original's letters, or with ours. */
interface Fit {
  readonly vocabulary: number;
  readonly alphabet: readonly string[];
  readonly file: { readonly model: { readonly vocab: Record<string, number>; readonly merges: [string, string][] } };
  readonly tokens: readonly (readonly number[])[];
  readonly decoded: readonly (readonly number[])[];
}

interface Reference {
  readonly scale: number;
  readonly lowest: number;
  readonly chunks: readonly (readonly (readonly number[])[])[];
  readonly cosines: readonly (readonly number[])[];
  readonly rounded: readonly (readonly number[])[];
  readonly text: string;
  readonly pieces: readonly string[];
  readonly theirs: Fit;
  readonly ours: Fit;
}

// fast.py beside this file says how it was made.
const reference: Reference = JSON.parse(readFileSync(join(import.meta.dirname, "fast.json"), "utf8"));
const { scale, lowest, rounded, theirs, ours } = reference;
const chunks = reference.chunks.map(
  (steps) => new HostArray("t d", [steps.length, steps[0]!.length], "float32", Float32Array.from(steps.flat())),
);
const texts = rounded.map((each) => each.map((one) => String.fromCodePoint(one - lowest)).join(""));
const quiet = { made: () => {} };

function tokensOf({ file }: Fit): string[] {
  return Object.entries(file.model.vocab)
    .sort(([, one], [, other]) => one - other)
    .map(([token]) => token);
}

it("coefficients are scipy's, and go back to where they came from", () => {
  const own = cosines(chunks[3]!);
  // 1e-6: inputs are float32, sums of 8 terms in float64.
  expect(own.shape).toEqual([reference.cosines.length, reference.cosines[0]!.length]);
  for (const [at, wanted] of reference.cosines.flat().entries()) expect(own.cells[at]).toBeCloseTo(wanted, 6);
  for (const [at, cell] of fromCosines(own).cells.entries()) expect(cell).toBeCloseTo(chunks[3]!.cells[at]!, 12);
});

it("a text falls into the pieces of Hugging Face's byte level, white space of every kind in it", () => {
  expect(piecesOf(reference.text)).toEqual(reference.pieces);
});

describe.each([
  ["the original's letters", theirs],
  ["ours", ours],
] as const)("with %s", (_, fit) => {
  const { vocabulary, alphabet, file, tokens } = fit;

  it("the vocabulary and its merges are those of Hugging Face's trainer", () => {
    const found = fitBytePairs(texts, { alphabet, vocabulary, ...quiet });
    expect(found.tokens).toEqual(tokensOf(fit));
    expect(found.merges).toEqual(file.model.merges);
    expect(found.merges.length).toBeGreaterThan(60);
  });

  it("the order of the chunks is of no account", () => {
    const { tokens: all } = fitBytePairs(texts.toReversed(), { alphabet, vocabulary, ...quiet });
    expect(all).toEqual(tokensOf(fit));
  });

  it("texts have its tokens, and come back", () => {
    const pairs = new BytePairs({ tokens: tokensOf(fit), merges: file.model.merges });
    for (const [at, text] of texts.entries()) {
      expect([...pairs.encode(text)]).toEqual(tokens[at]);
      expect(pairs.decode(Int32Array.from(tokens[at]!))).toBe(text);
    }
  });
});

it("what is written is the file that Hugging Face writes", async () => {
  const folder = await mkdtemp(join(tmpdir(), "armature-fast-"));
  try {
    await writeFast(folder, { scale, lowest, tokens: tokensOf(ours), merges: ours.file.model.merges });
    const written: unknown = JSON.parse(await readFile(join(folder, "tokenizer.json"), "utf8"));
    expect(written).toEqual(ours.file);
  } finally {
    await rm(folder, { recursive: true });
  }
});

it("a tokenizer that is fitted to chunks says them in the same tokens, and says the same chunk", () => {
  const form = fitFast(chunks, { scale, vocabulary: ours.vocabulary, ...quiet });
  expect([form.lowest, form.tokens]).toEqual([lowest, tokensOf(ours)]);
  const fast = new FastTokenizer(form);
  expect(chunks.map((chunk) => [...fast.encode(chunk)])).toEqual(ours.tokens);
  const steps = fast.decode(Int32Array.from(ours.tokens[0]!), { dofs: 5, horizon: 8, says: "real steps" });
  for (const [at, wanted] of ours.decoded.flat().entries()) expect(steps.cells[at]).toBeCloseTo(wanted, 5);
});
