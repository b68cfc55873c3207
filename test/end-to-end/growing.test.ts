import { rm } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readManifest } from "../../src/checkpoint/checkpoint.ts";
import { checkpointFolder } from "../../src/checkpoint/store.ts";
import { writeV2 } from "../../src/dataset/testing/small-dataset.ts";
import { armature, jsonOf, scratch } from "./command.ts";

const recipe = join(import.meta.dirname, "growing.ts");

let place: Awaited<ReturnType<typeof scratch>>;
let trained: Record<string, unknown> = {};
const lengthsOf = (episodes: number) => Array.from({ length: episodes }, (_, episode) => 6 + episode);
const grow = (episodes: number) => writeV2(place.path("toy"), lengthsOf(episodes), {}, () => []);
const words = (run: string) => ["--set", `data.root=${place.path(".")}`, "--out", place.path(run), "--json"];

beforeAll(async () => {
  place = await scratch();
  await grow(4);
  trained = jsonOf(await armature("train", recipe, ...words("run"), "--steps", "2"));
  await grow(12);
});
afterAll(() => place.remove());

describe("a dataset that has grown since a run was trained on it", () => {
  it("is validated on the episodes that the run held out: the numbers are those of its training, to the bit", async () => {
    const { members } = await readManifest(checkpointFolder(place.path("run"), 2));
    const { train, validation } = members[0]!.episodes!;
    expect([...train, ...validation].sort()).toEqual([0, 1, 2, 3]);
    const found = jsonOf(await armature("validate", place.path("run"), "--json", "--action-samples", "0"));
    expect(Object(found).aggregate).toEqual(Object(trained.validation).aggregate);
    expect(Object(found).groups).toEqual(Object(trained.validation).groups);
  });

  it("does not let the run go on as if nothing had happened", async () => {
    const { status, err } = await armature("train", place.path("run"), "--resume", "--steps", "3");
    expect([status, err]).toEqual([
      2,
      expect.stringMatching(/expected the episodes of "toy \/ ee" that the run began with, got episode \d+ /),
    ]);
  });

  it("is not held out by another share than the run's", async () => {
    const { status, err } = await armature("validate", place.path("run"), "--set", "validation.ratio=0.5");
    expect([status, err]).toEqual([2, expect.stringContaining("validation.ratio: expected ")]);
  });

  it("is refused where a held-out episode has gone", async () => {
    const { members } = await readManifest(checkpointFolder(place.path("run"), 2));
    const [gone] = members[0]!.episodes!.validation;
    await rm(place.path(`toy/data/chunk-000/episode_${String(gone).padStart(6, "0")}.parquet`));
    const { status, err } = await armature("audit", place.path("run"));
    expect([status, err]).toEqual([
      2,
      expect.stringContaining(`expected the episodes that the run held out, got none of ${gone}; put them back`),
    ]);
  });
});
