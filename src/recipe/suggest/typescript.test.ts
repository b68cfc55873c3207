import { execFileSync } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { recipe } from "../testing/recipe.ts";
import { recipeSource } from "./typescript.ts";

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "armature-suggested-"));
});
afterAll(() => rm(folder, { recursive: true }));

/** The recipe of a file, as a process of its own reads it: the test runner has its own way to import. */
function loaded(path: string): unknown {
  const module = JSON.stringify(new URL("../file.ts", import.meta.url).href);
  const script = `import { loadRecipe } from ${module};
    console.log(JSON.stringify(await loadRecipe(${JSON.stringify(path)})));`;
  const words = ["--disable-warning=ExperimentalWarning", "--input-type=module", "--eval", script];
  return JSON.parse(execFileSync(process.execPath, words, { encoding: "utf8" }));
}

it("the file exports the recipe that was written, whatever its texts are", async () => {
  const [first, ...others] = recipe.data.datasets;
  const prompt = { kind: "fixed", text: 'say "*/" // and\n`now`' } as const;
  const odd = { ...first!, mapping: { ...first!.mapping, prompt, cameras: { "left-wrist": "a\\b" } } };
  const own = { ...recipe, data: { ...recipe.data, datasets: [odd, ...others] } };
  const path = join(folder, "odd.ts");
  const note = { path: "data.datasets.0.mapping.prompt", text: "a note\nseed: 3, // \u2028 seed: 4" };
  await writeFile(path, recipeSource(own, [note]));
  expect(loaded(path)).toEqual(own);
});

it("a note stands before its value, names of the package for what they name, and short values on one line", () => {
  const lines = recipeSource(recipe, [{ path: "batch.size", text: "a guess" }]).split("\n");
  expect(lines[0]).toBe('import { type Recipe, soundConventions, usualAugmentation } from "armature";');
  const at = lines.indexOf("  batch: {");
  expect(lines.slice(at, at + 5)).toEqual([
    "  batch: {",
    "    // a guess",
    "    size: 8,",
    "    microBatch: 4,",
    "  },",
  ]);
  expect(lines).toContain("  conventions: soundConventions,");
  expect(lines).toContain("  checkpoint: { everySteps: 20, keepLast: 2 },");
});
