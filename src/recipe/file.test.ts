import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { InputError } from "../input-error.ts";
import { fitsRecipe, loadRecipe, readRunRecipe, writeRunRecipe } from "./file.ts";
import { recipe } from "./testing/recipe.ts";

const folder = mkdtempSync(join(tmpdir(), "armature-recipes-"));
afterAll(() => rmSync(folder, { recursive: true }));

async function problem(name: string, text: string): Promise<string> {
  const path = join(folder, name);
  if (text !== "") writeFileSync(path, text);
  const error: unknown = await loadRecipe(path).catch((found: unknown) => found);
  expect(error).toBeInstanceOf(InputError);
  expect(String(error)).not.toContain("\n");
  return String(error).replaceAll(folder, "");
}

describe("loadRecipe", () => {
  it("gives the recipe of a file, and the same from the run that saved it", async () => {
    const loaded = await loadRecipe(join(import.meta.dirname, "testing", "recipe.ts"));
    expect(loaded).toEqual(recipe);
    await writeRunRecipe(folder, loaded);
    expect(await loadRecipe(folder)).toEqual(recipe);
    expect(await readRunRecipe(folder)).toEqual(recipe);
  });

  it("names the file that is nearest to one that is not there", async () => {
    writeFileSync(join(folder, "real-mixture.ts"), "");
    expect(await problem("real-mixtuer.ts", "")).toBe(
      'InputError: /real-mixtuer.ts: expected a recipe or a run, got nothing there; did you mean "/real-mixture.ts"?',
    );
  });

  it("says in one line why a file is no recipe", async () => {
    expect(await problem("other.ts", "export const recepi = {};")).toContain('an export named "recipe", got recepi');
    expect(await problem("broken.ts", "export const recipe = {")).toContain(
      "/broken.ts: expected a recipe that loads, got",
    );
    expect(await problem("thrown.ts", 'throw new Error("no robot\\nhere");')).toContain("got Error: no robot");
    expect(await problem("partly.ts", "export const recipe = { seed: -1 };")).toContain("/partly.ts: name: expected");
    expect(await problem("notes.md", "# notes")).toContain("expected a recipe in TypeScript or a run's folder");
  });

  it("names a run's recipe that is torn or absent", async () => {
    writeFileSync(join(folder, "recipe.json"), '{"name": "exa');
    await expect(loadRecipe(folder)).rejects.toThrow(/recipe.json: expected a recipe in JSON, got SyntaxError/);
    rmSync(join(folder, "recipe.json"));
    await expect(loadRecipe(folder)).rejects.toThrow(`${folder}: expected a run's folder, got one without recipe.json`);
  });
});

it("a value fits a recipe by itself, whatever is wrong elsewhere", () => {
  const { data, batch } = recipe;
  const broken = { ...recipe, batch: { ...batch, size: -1 } };
  for (const [rate, fits] of [
    ["native", "fits"],
    [10, "fits"],
    ["10", "another value"],
  ] as const)
    expect(fitsRecipe({ ...broken, data: { ...data, rate } }, "data.rate")).toBe(fits);
});
