import { readdir, rm, truncate } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { checkpointFolder } from "../../src/checkpoint/store.ts";
import { type FixtureColumn, writeV2 } from "../../src/dataset/testing/small-dataset.ts";
import { armature, jsonOf, scratch } from "./command.ts";

const recipe = join(import.meta.dirname, "growing.ts");
const lengths = [6, 7, 8, 9];

let place: Awaited<ReturnType<typeof scratch>>;
beforeEach(async () => {
  place = await scratch();
});
afterEach(() => place.remove());

const write = (columns: (episode: number) => readonly FixtureColumn[]) =>
  writeV2(place.path("toy"), lengths, { "observation.images.top": { dtype: "video", shape: [48, 64, 3] } }, columns);
const train = (...words: readonly string[]) =>
  armature(
    "train",
    recipe,
    "--set",
    `data.root=${place.path(".")}`,
    "--out",
    place.path("run"),
    "--steps",
    "2",
    ...words,
  );

describe("training says what it reads", () => {
  it("of each dataset on one line, and as JSON: what is left out and why, sides, views, dofs, slots, units", async () => {
    await write(() => []);
    await rm(place.path("toy/data/chunk-000/episode_000002.parquet"));
    const { status, err } = await train();
    expect(status).toBe(0);
    const line = err.split("\n").find((each) => each.startsWith("data "))!;
    expect(line).toMatch(
      /^data toy \/ ee \(both\): 3 of 4 episodes: 2 to train on \(\d+ frames\), 1 held out \(\d+ frames\); /,
    );
    expect(line).toContain(
      "left out: 1 of 4 episodes listed have no table here: 2 (expected the first at data/chunk-000/episode_000002.parquet)",
    );
    expect(line).toContain("2 dofs → slots 0–1 (unit unknown)");
    expect(line).toContain(
      "no state; videos observation.images.top: declared as a video, and no episode has a file of it",
    );
    const [summary] = Object(jsonOf(await train("--json", "--out", place.path("other")))).data;
    expect(summary).toMatchObject({
      dataset: "toy",
      controlMode: "ee",
      role: "both",
      views: {},
      leftOut: [expect.any(String)],
    });
    expect(summary.episodes).toEqual({ listed: 4, train: 2, heldOut: 1 });
    // Episodes 0, 1 and 3 have 6, 7 and 9 frames.
    expect(summary.frames.train + summary.frames.heldOut).toBe(22);
    expect(summary.action).toEqual({ entries: 2, slots: [0, 1], units: { unknown: 2 }, relative: 0, resting: 0 });
  });

  it("and does not say that it learnt where nothing moves", async () => {
    const still = (episode: number) => Array.from({ length: lengths[episode]! }, () => [3, 4]);
    await write((episode) => [{ name: "action", kind: "floats", values: still(episode) }]);
    const { status, err } = await train();
    expect([status, err]).toEqual([
      2,
      expect.stringMatching(
        /^[^\n]*dataset "toy": expected dofs that move, got 2 that never change in \d+ training samples/,
      ),
    ]);
    expect(await readdir(place.path("."))).toEqual(["toy"]);
  });
});

it("a newest checkpoint that is damaged is named by whoever reads the one before it", async () => {
  await write(() => []);
  await train("--set", "checkpoint.everySteps=1", "--set", "checkpoint.keepLast=2");
  const newest = checkpointFolder(place.path("run"), 2);
  await truncate(join(newest, "parameters.safetensors"), 100);
  const { status, err } = await armature("validate", place.path("run"), "--action-samples", "0");
  expect(status).toBe(0);
  expect(err).toContain(`${newest} is not whole and is passed over: parameters.safetensors: expected `);
});
