import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { z } from "zod";
import { parseInput } from "../../parse-input.ts";
import type { GivenFacts } from "./foreign.ts";
import { jsonOf } from "./tensor-source.ts";

const count = z.int().positive().optional();

const caseSchema = z.object({
  sizes: z.object({
    head_dim: count,
    v_heads: count,
    vl_head_dim: count,
    text_every: count,
    alternate: z.boolean().optional(),
    chunk: count,
  }),
  cameras_in_order: z.array(z.string()).optional(),
  special_image_tokens: z.unknown().optional(),
});

/**
 * What is said of what no shape of a tensor tells: by the user, else by a `case.json` beside the weights or in the folder around theirs, as
 * those have that were made small for tests.
 */
export async function factsBeside(folder: string, given: GivenFacts): Promise<GivenFacts> {
  const path = [folder, dirname(folder)].map((place) => join(place, "case.json")).find((place) => existsSync(place));
  if (path === undefined) return given;
  const said = parseInput(path, caseSchema, jsonOf(path, await readFile(path, "utf8")));
  const { sizes, cameras_in_order: cameras, special_image_tokens: marks } = said;
  const textEvery = sizes.alternate === false ? "every" : (sizes.text_every ?? null);
  return {
    headWidth: given.headWidth ?? sizes.head_dim ?? null,
    visionHeads: given.visionHeads ?? sizes.v_heads ?? null,
    featureHeadWidth: given.featureHeadWidth ?? sizes.vl_head_dim ?? null,
    textEvery: given.textEvery ?? textEvery,
    horizon: given.horizon ?? sizes.chunk ?? null,
    cameras: given.cameras ?? cameras ?? null,
    embodiment: given.embodiment,
    pictureMarks: given.pictureMarks ?? marksIn(marks),
  };
}

const namedSchema = z.record(z.string(), z.int());

/** SmolVLM's marks: two numbers before a picture, the first of them again behind it, by name or in this order, however they are laid out. */
function marksIn(said: unknown): GivenFacts["pictureMarks"] {
  if (said === undefined || said === null) return null;
  const named = Object.entries(namedSchema.safeParse(said).data ?? {});
  const numberOf = (word: string) => named.find(([name]) => name.includes(word))?.[1];
  const [first, second, third] = (JSON.stringify(said).match(/\d+/g) ?? []).map(Number);
  const [fake, whole] = [numberOf("fake") ?? first, numberOf("global") ?? second];
  if (fake === undefined || whole === undefined) return null;
  return { before: [fake, whole], after: [named.length > 0 ? fake : (third ?? fake)] };
}
