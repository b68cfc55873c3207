import { existsSync } from "node:fs";
import { copyFile, mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { Recipe } from "./schema.ts";

/** The folder of a run, and the file in it, in which its tokenizer stands, so that a run is whole by itself. */
const [own, file] = ["tokenizer", "tokenizer.json"];

/** Takes a copy of the recipe's tokenizer into a new run; of one that is no file, nothing. */
export async function copyTokenizer(run: string, { policy: { tokenizer } }: Recipe): Promise<void> {
  if (tokenizer === undefined || tokenizer === "bytes") return;
  await mkdir(join(run, own));
  await copyFile(join(tokenizer.folder, file), join(run, own, file));
}

/** The recipe of a run, whose tokenizer is the run's own copy where it has one: wherever the first stood, and wherever the run stands. */
export function withOwnTokenizer(run: string, recipe: Recipe): Recipe {
  const { tokenizer } = recipe.policy;
  const folder = join(run, own);
  if (tokenizer === undefined || tokenizer === "bytes" || !existsSync(join(folder, file))) return recipe;
  return { ...recipe, policy: { ...recipe.policy, tokenizer: { ...tokenizer, folder } } };
}
