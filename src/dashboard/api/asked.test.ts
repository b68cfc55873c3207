import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { SourceFolders } from "../source.ts";
import { askedCount, askedNumber, askedSource, askedWord } from "./asked.ts";
import { openedIn, shownAt } from "./opened.ts";

it("takes whole numbers from 0 and nothing else", () => {
  expect([askedNumber("row", "0"), askedNumber("row", "120")]).toEqual([0, 120]);
  for (const text of [null, "", "-1", "1.5", "1e3", " 1", "0x1", "12345678901"])
    expect(() => askedNumber("row", text), `${text}`).toThrow("row: expected a whole number, got");
});

it("takes counts within their bounds, and another where none is given", () => {
  const bounds = { most: 32, otherwise: 8 };
  expect(["draws=1", "draws=32", ""].map((text) => askedCount(new URLSearchParams(text), "draws", bounds))).toEqual([
    1, 32, 8,
  ]);
  for (const text of ["draws=0", "draws=33"])
    expect(() => askedCount(new URLSearchParams(text), "draws", bounds)).toThrow("draws: expected 1 to 32, got");
});

it("takes the words that there are, the first where none is given", () => {
  const words = ["raw", "normalised"] as const;
  expect(["scale=normalised", ""].map((text) => askedWord(new URLSearchParams(text), "scale", words))).toEqual([
    "normalised",
    "raw",
  ]);
  expect(() => askedWord(new URLSearchParams("scale=log"), "scale", words)).toThrow(
    'scale: expected raw or normalised, got "log"',
  );
});

function asked(sources: SourceFolders, source: string, name: string) {
  const parameter = (part: string) => (part === "source" ? source : name);
  return askedSource({ sources, parameter, query: new URLSearchParams(), gone: new AbortController().signal });
}

it("follows no link of a run that leads out of the folders given", async () => {
  const root = await mkdtemp(join(tmpdir(), "armature-asked-"));
  const [given, outside] = [join(root, "given"), join(root, "outside")];
  await mkdir(join(outside, "checkpoints"), { recursive: true });
  await writeFile(join(outside, "recipe.json"), "{}");
  for (const run of ["whole", "recipe", "weights"]) {
    await mkdir(join(given, run), { recursive: true });
    await writeFile(join(given, run, "events.jsonl"), "");
  }
  await symlink(join(outside, "recipe.json"), join(given, "recipe", "recipe.json"));
  await symlink(join(outside, "checkpoints"), join(given, "weights", "checkpoints"));
  const sources = await SourceFolders.open([given]);
  expect((await asked(sources, "runs", "whole")).name).toBe("whole");
  await expect(asked(sources, "runs", "recipe")).rejects.toThrow("recipe.json: expected a file of the folders given");
  await expect(asked(sources, "runs", "weights")).rejects.toThrow("checkpoints: expected a file of the folders given");
  await rm(root, { recursive: true });
});

it("takes runs and datasets of the folders given, and their datasets by number", async () => {
  const sources = await SourceFolders.open([import.meta.dirname]);
  await expect(asked(sources, "files", "api")).rejects.toThrow('expected runs or datasets, got "files"');
  for (const name of ["../api", "api/..", "/etc", "%2e%2e", "api\0"]) {
    await expect(asked(sources, "runs", name), name).rejects.toThrow("expected a run of the folders given, got");
    await expect(asked(sources, "datasets", name), name).rejects.toThrow(
      "expected a dataset of the folders given, got",
    );
  }
  expect(openedIn(sources)).toBe(openedIn(sources));
  const none = { recipe: null, plan: null, problem: null, datasets: [], close: async () => {} };
  expect(() => shownAt(none, 0)).toThrow("expected one of 0 datasets, counted from 0, got 0");
});
