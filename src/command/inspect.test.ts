import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { plainColumns, writeV2 } from "../dataset/testing/small-dataset.ts";
import { commands } from "./commands.ts";
import { called } from "./testing/called.ts";

let folder = "";
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "armature-"));
  await writeV2(join(folder, "narrow"), [4, 6], {}, () => []);
  const wide = [0, 1, 2, 3, 4].map((frame) => [frame, frame, frame, frame + 1, frame * frame, -frame, 0, 1]);
  await writeV2(join(folder, "wide"), [5], { action: { dtype: "float32", shape: [8], names: null } }, () => [
    { name: "action", kind: "floats", values: wide },
  ]);
});
afterEach(async () => await rm(folder, { recursive: true }));

const inspect = (...words: readonly string[]) => called(commands, ["inspect", ...words]);

test("programs read what is in each dataset and how far they pad each other", async () => {
  const { status, out, err } = await inspect(join(folder, "narrow"), join(folder, "wide"), "--json");
  expect([status, err]).toEqual([0, ""]);
  const { datasets, padding } = JSON.parse(out);
  expect(datasets[0]).toMatchObject({
    name: "narrow",
    version: "v2.1",
    robotType: "toy",
    controlMode: null,
    fps: 10,
    episodes: 2,
    frames: 10,
    dofs: 2,
    states: 0,
    cameras: [],
    endings: { chunkSteps: 16, episodes: 2, moving: 2, pausing: 0, resting: 0, frames: 10, framesPastEnd: 10 },
    problems: [],
  });
  expect(datasets[1]).toMatchObject({ name: "wide", dofs: 8, frames: 5 });
  expect(padding).toEqual({
    drawnEqually: { actions: 0.375, states: null, views: null },
    drawnByFrames: { actions: 0.5, states: null, views: null },
  });
});

test("people read a table, the notes and the padding", async () => {
  const { status, out } = await inspect(join(folder, "narrow"), join(folder, "wide"));
  expect(status).toBe(0);
  expect(out).toMatch(/^narrow +10 +2 +10 +2 +0 +0 +0$/m);
  expect(out).toMatch(/^narrow\n {2}LeRobot v2\.1, robot toy$/m);
  expect(out).toMatch(/^ {2}note column "action": 2 of 8 entries never change: 6, 7$/m);
  expect(out).toMatch(/^datasets drawn equally often +37\.5% +none there +none there$/m);
});

test("people read how episodes end, and what a policy that looks both ways would be told", async () => {
  // The wave rests for 3 of 20 frames, the nod for all but the first of 30: 15 frames of each are near the end.
  const wave = Array.from({ length: 20 }, (_, frame) => [Math.min(frame, 17), 0]);
  const nod = Array.from({ length: 30 }, (_, frame) => [Math.min(frame, 1), 0]);
  await writeV2(join(folder, "calm"), [20, 30], {}, (episode) => [
    { name: "action", kind: "floats", values: episode === 0 ? wave : nod },
  ]);
  const { out } = await inspect(join(folder, "narrow"), join(folder, "calm"));
  expect(out).toMatch(/^narrow +2 +0 +0 +10 of 10 \(100\.0%\)$/m);
  expect(out).toMatch(/^calm +0 +1 +1 +30 of 50 \(60\.0%\)$/m);
  expect(out).toContain("both ways is told in training how soon its episode ends");
});

test("a dataset with problems ends in status 1 and shows all of them", async () => {
  const values = [
    [0, 0],
    [1, 0],
    [2, Number.NaN],
    [3, 0],
  ];
  await writeV2(join(folder, "faulty"), [4, 4], {}, (episode) =>
    episode === 0 ? [{ name: "action", kind: "floats", values }] : plainColumns(1, 3),
  );
  const { status, out } = await inspect(join(folder, "faulty"));
  expect(status).toBe(1);
  expect(out).toContain("problem data/chunk-000/episode_000000.parquet column");
  expect(out).toContain("expected 4 rows for episode 1, got 3");
  const { datasets } = JSON.parse((await inspect(join(folder, "faulty"), "--json")).out);
  expect(datasets[0].problems.map(({ code }: { code: string }) => code)).toEqual(["not-finite", "wrong-length"]);
});

test("a folder that is not there is the caller's mistake", async () => {
  const { status, err } = await inspect(join(folder, "none"));
  expect(status).toBe(2);
  expect(err).toMatch(/^inspect: expected a folder or hf:\/\/owner\/name, got ".*none", which is not there\n$/);
});

test("a policy's name shows its parameters by part and what it costs, and does not mix with datasets", async () => {
  const { status, out, err } = await inspect("pi0", "--json");
  expect([status, err]).toEqual([0, ""]);
  // openpi's shapes, summed by hand in `src/recipe/published-setting.test.ts`.
  expect(JSON.parse(out).policies[0]).toMatchObject({ variant: "pi0", size: "base", parameters: 3_238_048_528 });
  expect((await inspect("pi0")).out).toContain("expert       311,464,960\n");
  expect(await inspect("pi0", join(folder, "wide"))).toMatchObject({
    status: 2,
    err: `inspect: expected policies or datasets, got both: pi0, ${join(folder, "wide")}\n`,
  });
});
