import { mkdir, mkdtemp, realpath, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { SourceFolders } from "./source.ts";

let place = "";
beforeAll(async () => {
  place = await realpath(await mkdtemp(join(tmpdir(), "armature-sources-")));
  const files = [
    "one/demo/run/recipe.json",
    "one/demo/run/checkpoints/000002/recipe.json",
    "one/demo/data/arm/meta/info.json",
    "one/demo/data/arm/inside/events.jsonl",
    "one/.hidden/recipe.json",
    "one/a/b/c/d/deep/recipe.json",
    "one/a/b/c/d/deep/deeper/recipe.json",
    "two/demo/run/events.jsonl",
  ];
  for (const file of files) {
    await mkdir(join(place, file, ".."), { recursive: true });
    await writeFile(join(place, file), "{}\n");
  }
  await symlink(join(place, "one/demo"), join(place, "one/again"));
  await symlink(place, join(place, "one/circle"));
});
afterAll(() => rm(place, { recursive: true }));

const names = async (folders: readonly string[], kind: "run" | "dataset") =>
  (await (await SourceFolders.open(folders.map((folder) => join(place, folder)))).list(kind)).map(({ name }) => name);

it("finds runs and datasets at most five folders deep, each once, and none in checkpoints, in datasets or hidden", async () => {
  expect(await names(["one"], "run")).toEqual(["a/b/c/d/deep", "demo/run"]);
  expect(await names(["one"], "dataset")).toEqual(["demo/data/arm"]);
});

it("calls a folder that is itself a run by its own name, and tells two of one name apart by the folder they are in", async () => {
  expect(await names(["two/demo/run"], "run")).toEqual(["run"]);
  expect(await names(["one/demo", "two/demo"], "run")).toEqual(["demo/run", "run"]);
  expect(await names(["one/demo/run", "two/demo/run"], "run")).toEqual(["run", "run~2"]);
});

it("refuses to look at what is no folder", async () => {
  await expect(names(["nowhere"], "run")).rejects.toThrow(
    `dashboard: expected a folder of runs or a dataset, got nothing at ${join(place, "nowhere")}`,
  );
  await expect(names(["two/demo/run/events.jsonl"], "run")).rejects.toThrow("got a file at");
});

it("gives paths inside of what was given, and refuses those that lead out", async () => {
  const sources = await SourceFolders.open([join(place, "one")]);
  const run = await sources.get("run", "demo/run");
  expect(await sources.file(run, "recipe.json")).toBe(join(place, "one/demo/run/recipe.json"));
  expect(await sources.file(run, "nothing.json")).toBeNull();
  for (const path of ["../../../two/demo/run/events.jsonl", "..", "a/../../x", "recipe.json\0"])
    await expect(sources.file(run, path), path).rejects.toMatchObject({ status: 403 });
  await expect(sources.get("run", "demo")).rejects.toMatchObject({ status: 404 });
});
