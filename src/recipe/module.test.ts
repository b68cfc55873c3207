import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { soundConventions } from "../checkpoint/conventions.ts";
import { asFound } from "../embodiment/mapping.ts";

const folder = mkdtempSync(join(tmpdir(), "armature-elsewhere-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** What a file of that folder exports, as a process of its own reads it: the test runner has its own way to import. */
function exported(name: string): unknown {
  const module = JSON.stringify(new URL("module.ts", import.meta.url).href);
  const script = `import { importRecipe } from ${module};
    console.log(JSON.stringify(await importRecipe(${JSON.stringify(join(folder, name))})));`;
  const words = ["--disable-warning=ExperimentalWarning", "--input-type=module", "--eval", script];
  return JSON.parse(execFileSync(process.execPath, words, { encoding: "utf8" }));
}

it("a recipe far from the package imports from it, and its neighbours, whatever its folder says of modules", () => {
  writeFileSync(join(folder, "package.json"), '{ "type": "commonjs" }');
  writeFileSync(join(folder, "neighbour.ts"), 'export const name: string = "own";');
  const lines = [
    'import { asFound, type Recipe, soundConventions } from "armature";',
    'import { name } from "./neighbour.ts";',
    "export const recipe: Partial<Recipe> = { name, conventions: soundConventions };",
    "export const mapping = asFound;",
  ];
  writeFileSync(join(folder, "own.ts"), lines.join("\n"));
  expect(exported("own.ts")).toEqual({ recipe: { name: "own", conventions: soundConventions }, mapping: asFound });
});
