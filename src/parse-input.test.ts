import { describe, expect, it } from "vitest";
import { z } from "zod";
import { InputError } from "./input-error.ts";
import { parseInput } from "./parse-input.ts";

const schema = z.strictObject({
  batch: z.strictObject({ size: z.int().positive(), microBatch: z.int().min(1).max(64) }),
  device: z.enum(["cpu", "cuda"]),
  rate: z.union([z.literal("native"), z.number().positive()]),
  datasets: z.array(z.strictObject({ name: z.string(), weight: z.number().nullable() })).min(1),
  prompt: z.discriminatedUnion("kind", [
    z.strictObject({ kind: z.literal("task") }),
    z.strictObject({ kind: z.literal("fixed"), text: z.string().regex(/^[a-z ]+$/, { error: "small letters" }) }),
  ]),
  heads: z.record(z.string(), z.strictObject({ mean: z.array(z.number()) })),
});

const good = {
  batch: { size: 8, microBatch: 4 },
  device: "cpu",
  rate: "native",
  datasets: [{ name: "pusht", weight: null }],
  prompt: { kind: "fixed", text: "push" },
  heads: { pusht: { mean: [1] } },
};

function problem(value: unknown): string {
  try {
    parseInput("recipe.json", schema, value);
  } catch (error) {
    expect(error).toBeInstanceOf(InputError);
    return error instanceof Error ? error.message : "";
  }
  return "no problem";
}

describe("parseInput", () => {
  it("gives back what fits", () => {
    expect(parseInput("recipe.json", schema, good)).toEqual(good);
  });

  it("names an unknown key by path, with the nearest known one beside it", () => {
    expect(problem({ ...good, batch: { size: 8, microBatch: 4, sise: 3 } })).toBe(
      'recipe.json: unknown key "batch.sise"; did you mean "batch.size"?',
    );
    expect(problem({ ...good, datasets: [{ name: "a", weight: 1, wieght: 2 }] })).toBe(
      'recipe.json: unknown key "datasets.0.wieght"; did you mean "datasets.0.weight"?',
    );
    expect(problem({ ...good, heads: { pusht: { mean: [], men: [] } } })).toContain('did you mean "heads.pusht.mean"?');
  });

  it("says what was expected and what came, every problem at once", () => {
    expect(problem({ ...good, batch: { size: 0, microBatch: 65 }, device: "tpu", datasets: [] })).toBe(
      "recipe.json: batch.size: expected a number above 0, got 0; batch.microBatch: expected a number of at most 64, got 65; " +
        'device: expected "cpu" or "cuda", got "tpu"; datasets: expected an array with a length of at least 1, got []',
    );
    expect(problem({ ...good, rate: "fast" })).toBe('recipe.json: rate: expected "native" or a number, got "fast"');
    expect(problem({ ...good, device: undefined })).toBe('recipe.json: device: expected "cpu" or "cuda", got nothing');
  });

  it("names the kinds of a group where its own is unknown, and a text's form", () => {
    expect(problem({ ...good, prompt: { kind: "tusk" } })).toBe(
      'recipe.json: prompt.kind: expected "task" or "fixed", got "tusk"',
    );
    expect(problem({ ...good, prompt: { kind: "fixed", text: "PUSH" } })).toBe(
      'recipe.json: prompt.text: expected small letters, got "PUSH"',
    );
    expect(problem({ ...good, prompt: { kind: "fixed", test: "push" } })).toContain('did you mean "prompt.text"?');
  });

  it("takes no number that is none", () => {
    expect(problem({ ...good, rate: Number.NaN })).toBe('recipe.json: rate: expected "native" or a number, got NaN');
  });
});
