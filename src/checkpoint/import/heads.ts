import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { parseInput } from "../../parse-input.ts";
import { isAbsent } from "../durable.ts";
import type { GivenHeads } from "./foreign.ts";
import { jsonOf } from "./tensor-source.ts";

const count = z.int().positive().optional();

const caseSchema = z.object({
  sizes: z.object({
    head_dim: count,
    v_heads: count,
    vl_head_dim: count,
    text_every: count,
    alternate: z.boolean().optional(),
  }),
});

/**
 * What is said of head counts, which no shape of a tensor tells: by the user, else by a `case.json` beside the weights, as those have
 * that were made small for tests.
 */
export async function headsBeside(folder: string, given: GivenHeads): Promise<GivenHeads> {
  const path = join(folder, "case.json");
  const text = await readFile(path, "utf8").catch((error: unknown) => {
    if (isAbsent(error)) return null;
    throw error;
  });
  if (text === null) return given;
  const { sizes } = parseInput(path, caseSchema, jsonOf(path, text));
  const textEvery = sizes.alternate === false ? "every" : (sizes.text_every ?? null);
  return {
    headWidth: given.headWidth ?? sizes.head_dim ?? null,
    visionHeads: given.visionHeads ?? sizes.v_heads ?? null,
    featureHeadWidth: given.featureHeadWidth ?? sizes.vl_head_dim ?? null,
    textEvery: given.textEvery ?? textEvery,
  };
}
