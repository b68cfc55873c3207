import { writeFile } from "node:fs/promises";
import { resolve } from "node:path";
import { InputError } from "../input-error.ts";
import { policySizeNames } from "../policy/size.ts";
import { variantNames } from "../policy/variant.ts";
import { shortest } from "../shortest.ts";
import { define } from "./definition.ts";
import { choice, otherwise, repeated, text } from "./parameter.ts";
import { suggestFor } from "./suggested.ts";
import { suggestionTable } from "./suggestion-table.ts";

// Inside another call their types would widen to any text.
export const policyVariant = choice("variant", "what is trained", variantNames);
export const policySize = choice("size", "of the policy", policySizeNames);

export const writeRecipe = define({
  name: "recipe",
  summary: "write a recipe for datasets that trains as it is: widths, dofs, cameras and prompts matched, guesses said",
  arguments: { datasets: repeated(text("dataset", "a folder or hf://owner/name[@revision]")) },
  options: {
    policy: otherwise(policyVariant, "pi0" as const),
    size: otherwise(policySize, "tiny" as const),
    out: otherwise(text("file", "a new file; else NAME.ts here"), null),
  },
  examples: [
    { line: "recipe ../shared/data/real/dobot_cr5", shows: "one robot; then: train dobot-cr5.ts" },
    { line: "recipe aloha droid --policy groot_n16 --out both.ts", shows: "one policy on two robots" },
  ],
  async run({ datasets, policy: variant, size, out }, terminal) {
    const { recipeSource } = await import("../recipe/suggest/typescript.ts");
    const suggested = await suggestFor({ datasets, variant, size }, terminal.err);
    const file = out ?? `${suggested.recipe.name}.ts`;
    await writeNew(file, recipeSource(suggested.recipe, suggested.notes));
    const { recipe: value, notes, views } = suggested;
    const matched = views.map(({ view, keys }) => ({ view, cameras: Object.fromEntries(keys) }));
    return {
      status: 0,
      json: { file: resolve(file), recipe: value, notes, views: matched },
      text: `${suggestionTable(suggested)}\n\nwritten: ${shortest(resolve(file))}; next: armature train ${file}`,
    };
  },
});

/** @throws InputError where the file is there already, or cannot be written */
async function writeNew(file: string, source: string): Promise<void> {
  try {
    await writeFile(file, source, { flag: "wx" });
  } catch (error) {
    const isThere = error instanceof Error && "code" in error && error.code === "EEXIST";
    const got = isThere ? "one that is there already" : error instanceof Error ? error.message : String(error);
    throw new InputError(`${file}: expected a new file for the recipe, got ${got}; give another --out`);
  }
}
