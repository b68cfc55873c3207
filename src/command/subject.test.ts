import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Writable } from "node:stream";
import { afterEach, beforeEach, expect, it } from "vitest";
import { writeV2 } from "../dataset/testing/small-dataset.ts";
import { writeRecipe } from "./recipe.ts";
import { run } from "./run.ts";
import { train } from "./train.ts";

let root = "";
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "armature-"));
  await writeV2(join(root, "repository/data/wave"), [3], {}, () => []);
  await mkdir(join(root, "empty"));
});
afterEach(async () => await rm(root, { recursive: true }));

/** What a command says of words that it cannot take, with the folder of this test taken out. */
async function refusal(...words: string[]): Promise<string> {
  let said = "";
  const keep = () =>
    new Writable({
      write(chunk: Buffer, _encoding, done) {
        said += chunk.toString();
        done();
      },
    });
  expect(await run([train, writeRecipe], words, { out: keep(), err: keep() })).toBe(2);
  return said.replaceAll(`${root}/`, "").replaceAll(/\s+/g, " ").trim();
}

const wanted = "a recipe, a run (a folder with recipe.json) or a LeRobot dataset (one with meta/info.json)";

it("what can neither be trained nor trained on is said in one line, with where a dataset lies near it", async () => {
  const at = (name: string) => join(root, name);
  await writeFile(at("notes.md"), "# notes");
  expect(await refusal("train", at("none"))).toContain(`none: expected ${wanted}, got nothing there`);
  expect(await refusal("train", at("empty"))).toMatch(/empty: expected .*, got none$/);
  expect(await refusal("train", at("repository"))).toContain(
    `repository: expected ${wanted}, got none; meta/info.json lies in data/wave below it: name that folder`,
  );
  expect(await refusal("train", at("repository/data/wave/data"))).toContain(
    "got none; meta/info.json lies in repository/data/wave, above it: name that folder",
  );
  expect(await refusal("train", at("repository/data/wave"), at("repository"))).toContain(
    "got repository: none; meta/info.json lies in data/wave below it",
  );
  expect(await refusal("recipe", at("repository"))).toContain("got none; meta/info.json lies in data/wave below it");
  expect(await refusal("recipe", at("gone"))).toContain("or hf://owner/name, got nothing there");
});

it("a file that is no recipe, and a recipe's name that is not there, are said as such", async () => {
  await writeFile(join(root, "notes.md"), "# notes");
  expect(await refusal("train", join(root, "notes.md"))).toContain("expected a recipe in TypeScript");
  expect(await refusal("train", join(root, "run.ts"))).toContain(
    "run.ts: expected a recipe or a run, got nothing there",
  );
});
