import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { z } from "zod";
import { formulaBytes, formulaIds, formulaValues, seedOf } from "./formula.ts";

const numbers = z.array(z.number());
const file = z.object({
  formula: z.object({
    example: z.object({
      name: z.string(),
      scale: z.number(),
      offset: z.number(),
      seed: z.number(),
      values: numbers,
      bytes: numbers,
      "ids of 300": numbers,
    }),
  }),
});

test("the formula gives the numbers that Python wrote, to the bit", () => {
  const { example } = file.parse(JSON.parse(readFileSync(new URL("composites.json", import.meta.url), "utf8"))).formula;
  expect(seedOf(example.name)).toBe(example.seed);
  expect([...formulaValues(example.name, 5, example.scale, example.offset)]).toEqual(example.values);
  expect([...formulaBytes(example.name, 5)]).toEqual(example.bytes);
  expect([...formulaIds(example.name, 5, 300)]).toEqual(example["ids of 300"]);
});

test("the seed is FNV-1a: its published values for the empty string and for foobar", () => {
  expect(seedOf("")).toBe(0x811c9dc5);
  expect(seedOf("foobar")).toBe(0xbf9cf968);
});
