import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { nothingGiven } from "../../checkpoint/import/foreign.ts";
import { factsBeside } from "../../checkpoint/import/given.ts";
import { type ImportedChoice, importedRecipe } from "../../recipe/suggest/imported.ts";
import { type ImportedRun, importRun } from "../import-run.ts";

/** A run of another project's weights, in a folder of its own. */
export interface ImportedFolder {
  readonly folder: string;
  readonly imported: ImportedRun;
  remove(): Promise<void>;
}

/** Tokenizers that weights came without. */
export type GivenWords = Pick<ImportedChoice, "tokenizer" | "actionTokenizer">;

/**
 * Imports a folder without datasets, as `armature import` does on a machine of 1 GiB and two cores.
 *
 * @param sized folder whose `case.json` says how many heads there are
 * @param given where the run goes, if not to a folder of its own
 */
export async function importFolder(
  path: string,
  sized: string,
  given?: string,
  words: GivenWords = { tokenizer: null, actionTokenizer: null },
): Promise<ImportedFolder> {
  const root = await mkdtemp(join(tmpdir(), "armature-imported-"));
  const folder = given ?? join(root, "run");
  const machine = { memoryBytes: 2 ** 30, cores: 2 };
  const imported = await importRun({
    path,
    folder,
    given: await factsBeside(sized, nothingGiven),
    recipeFor: async (policy, known) => ({
      recipe: importedRecipe(policy, known, {
        name: "imported",
        machine,
        ...words,
        data: { root: ".", datasets: [] },
      }),
      members: null,
    }),
  });
  return { folder, imported, remove: () => rm(root, { recursive: true }) };
}
