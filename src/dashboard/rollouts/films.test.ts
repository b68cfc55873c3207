import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { SourceFolders } from "../source.ts";
import { filmBytes, filmsOf } from "./films.ts";

let place = "";
let sources: SourceFolders;
beforeAll(async () => {
  place = await mkdtemp(join(tmpdir(), "armature-films-"));
  for (const folder of ["given/demo/run", "given/demo/films/trained", "given/wide/films", "given/run", "films"])
    await mkdir(join(place, folder), { recursive: true });
  for (const run of ["demo/run", "wide", "run"]) await writeFile(join(place, "given", run, "events.jsonl"), "");
  await writeFile(join(place, "given/demo/films/trained/arm-010.mp4"), "ten");
  await writeFile(join(place, "given/demo/films/trained/arm-002.mp4"), "two");
  await writeFile(join(place, "given/demo/films/trained/notes.txt"), "no film");
  await writeFile(join(place, "given/wide/films/reacher-000.mp4"), "own");
  await writeFile(join(place, "films/reacher-001.mp4"), "outside");
  await symlink(join(place, "films/reacher-001.mp4"), join(place, "given/wide/films/reacher-001.mp4"));
  await symlink(join(place, "films"), join(place, "given/films"));
  sources = await SourceFolders.open([join(place, "given")]);
});
afterAll(() => rm(place, { recursive: true }));

const run = (name: string) => sources.get("run", name);

it("lists the films that lie beside a run of the demo, and those inside of another", async () => {
  expect(await filmsOf(sources, await run("demo/run"))).toEqual([
    { name: "trained/arm-002.mp4", robot: "arm", episode: 2, label: "trained" },
    { name: "trained/arm-010.mp4", robot: "arm", episode: 10, label: "trained" },
  ]);
  expect(await filmsOf(sources, await run("wide"))).toEqual([
    { name: "reacher-000.mp4", robot: "reacher", episode: 0, label: "" },
  ]);
  expect(Buffer.from(await filmBytes(sources, await run("demo/run"), "trained/arm-002.mp4")).toString()).toBe("two");
});

it("follows no link out of the folders given, neither of a film nor of the folder of films", async () => {
  await expect(filmBytes(sources, await run("wide"), "reacher-001.mp4")).rejects.toThrow("expected a film of the run");
  expect(await filmsOf(sources, await run("run"))).toEqual([]);
});

it("gives no other file", async () => {
  const names = [
    "../events.jsonl",
    "trained/../../run/events.jsonl",
    "trained/notes.txt",
    "",
    "/etc/passwd",
    "trained\0",
  ];
  for (const name of names)
    await expect(filmBytes(sources, await run("demo/run"), name), name).rejects.toThrow("expected a film of the run");
});
