import { cp, readdir, readFile, rm, symlink, truncate, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { loadLibav } from "../../src/dataset/libav.ts";
import { copyOfReal } from "../../src/dataset/testing/real-copy.ts";
import { hasRealData, onRealData, realDataset } from "../../src/dataset/testing/real-data.ts";
import {
  type FixtureColumn,
  writeJson,
  writeTable,
  writeV2,
  writeVideo,
} from "../../src/dataset/testing/small-dataset.ts";
import { armature, jsonOf, scratch } from "./command.ts";

const hasLibav = (await loadLibav()) !== null;
const camera = "observation.images.top";
const length = 6;

let place: Awaited<ReturnType<typeof scratch>>;
beforeEach(async () => {
  place = await scratch();
});
afterEach(() => place.remove());

const toy = (path: string) => join(place.path("toy"), path);
const tablePath = (episode: number) => toy(`data/chunk-000/episode_00000${episode}.parquet`);
const videoPath = (episode: number) => toy(`videos/chunk-000/${camera}/episode_00000${episode}.mp4`);

async function write(columns: (episode: number) => readonly FixtureColumn[]): Promise<void> {
  const lengths = [length, length, length];
  await writeV2(place.path("toy"), lengths, { [camera]: { dtype: "video", shape: [48, 64, 3], names: null } }, columns);
  await writeVideo(videoPath(0), "mpeg4", length);
  for (const episode of [1, 2]) await cp(videoPath(0), videoPath(episode));
}

/** Trains on the toy as it is now: what is said where something is wrong with it, after no more than was needed to see it. */
async function complaint(): Promise<string> {
  const words = ["--set", `data.root=${place.path(".")}`, "--out", place.path("run"), "--steps", "2"];
  const { status, out, err } = await armature("train", join(import.meta.dirname, "toy.ts"), ...words);
  expect({ status, out, err }).toEqual({ status: 2, out: "", err: expect.stringMatching(/^[^\n]+\n$/) });
  expect(await readdir(place.path("."))).toEqual(["toy"]);
  return err.trimEnd().replaceAll(place.path("."), "");
}

async function edit(path: string, change: (text: string) => string): Promise<void> {
  await writeFile(path, change(await readFile(path, "utf8")));
}

describe.skipIf(!hasLibav)("a dataset", () => {
  beforeEach(() => write(() => []));

  it("that is whole trains", async () => {
    const words = ["--set", `data.root=${place.path(".")}`, "--out", place.path("run"), "--steps", "2", "--json"];
    const { step } = jsonOf(await armature("train", join(import.meta.dirname, "toy.ts"), ...words));
    expect(step).toBe(2);
  });

  const damages: readonly [string, () => Promise<void>, string][] = [
    [
      "a folder that is missing",
      () => rm(place.path("toy/meta"), { recursive: true }),
      "meta/info.json: expected the metadata of a LeRobot dataset in /toy, got no such file",
    ],
    [
      "metadata that is cut short",
      () => truncate(toy("meta/info.json"), 40),
      "meta/info.json: expected the metadata of a",
    ],
    [
      "an unknown version",
      () => edit(toy("meta/info.json"), (text) => text.replace("v2.1", "v9.9")),
      'meta/info.json: expected LeRobot version v2.0, v2.1, v3.0, got "v9.9"; convert the dataset',
    ],
    [
      "a rate that is no number",
      () => edit(toy("meta/info.json"), (text) => text.replace('"fps":10', '"fps":"ten"')),
      'meta/info.json fps: expected a number, got "ten"',
    ],
    [
      "no list of episodes",
      () => rm(toy("meta/episodes.jsonl")),
      "meta/episodes.jsonl: expected a JSON value a line, got no such file",
    ],
    [
      "a list of episodes that is cut short",
      async () => truncate(toy("meta/episodes.jsonl"), (await readFile(toy("meta/episodes.jsonl"))).length - 9),
      "meta/episodes.jsonl line 3: expected a JSON value of its kind, got",
    ],
    [
      "no task texts",
      () => rm(toy("meta/tasks.jsonl")),
      "meta/tasks.jsonl: expected a JSON value a line, got no such file",
    ],
    [
      "no table of an episode",
      () => rm(tablePath(1)),
      "episode_000001.parquet: expected the file of episode 1, got none; leave the episode out of the list or fetch",
    ],
    [
      "a table that is cut short",
      () => truncate(tablePath(2), 500),
      "episode_000002.parquet: expected the rows of episode 2, got a file that is no whole Parquet file (",
    ],
    [
      "a table that is something else",
      () => writeFile(tablePath(0), "<html>404</html>"),
      'episode_000000.parquet: expected the rows of episode 0, got a text that begins "<html>404</html>", as servers answer',
    ],
    [
      "no video of an episode",
      () => rm(videoPath(1)),
      "top/episode_000001.mp4: expected the file of episode 1, got none; leave the episode out of the list or fetch",
    ],
    [
      "a video that is cut short",
      () => truncate(videoPath(2), 700),
      "top/episode_000002.mp4: expected the video of episode 2, got a file of 700 bytes that ends early, as it should have",
    ],
    [
      "a video that is something else",
      () => writeFile(videoPath(0), "<html>404</html>"),
      'top/episode_000000.mp4: expected the video of episode 0, got a text that begins "<html>404</html>", as servers answer',
    ],
    [
      "an episode of another length than is listed",
      () => writeTable(tablePath(1), [{ name: "action", kind: "floats", values: [[0, 0]] }], 10),
      "episode_000001.parquet: expected 6 rows for episode 1, got 1",
    ],
  ];

  it.each(damages)("with %s is named by file and episode, and nothing is begun", async (_, damage, expected) => {
    await damage();
    const said = await complaint();
    expect(said).toContain('dataset "toy": ');
    expect(said).toContain(expected);
  });

  it.each([Number.NaN, Number.POSITIVE_INFINITY])(
    "with %s in it is named by dataset, episode and frame",
    async (nonFinite) => {
      await write((episode) => {
        const values = Array.from({ length }, (_, frame) => [
          episode,
          episode === 1 && frame === 4 ? nonFinite : frame,
        ]);
        return [{ name: "action", kind: "floats", values }];
      });
      expect(await complaint()).toContain(
        `column "action": expected a finite number at frame 4 of episode 1, entry 1, got ${nonFinite}`,
      );
    },
  );

  it("with a frame that is damaged inside a whole file is named when the frame is drawn", async () => {
    const video = await readFile(videoPath(0));
    const box = video.indexOf("mdat") - 4;
    const damaged = Buffer.from(video).fill(0x55, box + 8, box + video.readUInt32BE(box));
    for (const episode of [0, 1, 2]) await writeFile(videoPath(episode), damaged);
    const words = ["--set", `data.root=${place.path(".")}`, "--out", place.path("run"), "--steps", "5"];
    const { status, err } = await armature("train", join(import.meta.dirname, "toy.ts"), ...words);
    expect(status).toBe(2);
    expect(err.trimEnd().split("\n").at(-1)).toMatch(
      /top\/episode_00000\d.mp4: expected frame \d of episode \d, got .*; the file may be truncated or damaged: fetch it again, or leave the episode out/,
    );
  });
});

describe.skipIf(!hasLibav)("a run whose data have changed", () => {
  it("is not gone on with, and validates in the units that it was trained in", async () => {
    await write(() => []);
    const words = ["--set", `data.root=${place.path(".")}`, "--out", place.path("run"), "--steps"];
    const train = (...more: readonly string[]) =>
      armature("train", join(import.meta.dirname, "toy.ts"), ...words, ...more);
    jsonOf(await train("2", "--json"));
    const validate = async () =>
      Object(jsonOf(await armature("validate", place.path("run"), "--json", "--action-samples", "0")).groups);
    const [before] = await validate();
    await write((episode) => {
      const values = Array.from({ length }, (_, frame) => [10 * frame, frame + episode]);
      return [{ name: "action", kind: "floats", values }];
    });
    const { status, err } = await train("4", "--resume");
    expect({ status, err }).toEqual({ status: 2, err: expect.stringMatching(/^[^\n]+\n$/) });
    expect(err).toMatch(
      /000002: expected the data that the run began with, got other numbers for "toy \/ ee"; put the data back, or begin/,
    );
    const [after] = await validate();
    // Actions that are ten times as large are no longer of unit size, and a policy that has not seen them is far off.
    expect(after.velocity).toBeGreaterThan(2 * before.velocity);
  });
});

describe.skipIf(!hasRealData)(onRealData("the real mixture"), () => {
  const names = ["gr1_pick_place", "unitree_g1_inspire", "dobot_cr5", "pusht"];
  const small = ["policy.size=micro", "batch.size=4", "batch.microBatch=4", "validation.framesPerMember=8"];
  const settings = [...small, "validation.everySteps=5", "checkpoint.everySteps=5"].flatMap((setting) => [
    "--set",
    setting,
  ]);
  const train = (root: string, ...words: readonly string[]) =>
    armature("train", "recipes/real-mixture.ts", "--set", `data.root=${root}`, ...settings, ...words);

  it("trains, and validates to the numbers that training printed, in four groups", async () => {
    const run = place.path("run");
    const { validation } = jsonOf(await train(realDataset("."), "--out", run, "--steps", "6", "--json"));
    expect(Object(validation).groups.map((group: unknown) => Object(group).dataset)).toEqual(names);
    const words = [run, "--json", "--action-samples", "0", "--set", "batch.size=3"];
    const { groups, aggregate } = jsonOf(await armature("validate", ...words));
    expect({ groups, aggregate }).toEqual({
      groups: Object(validation).groups,
      aggregate: Object(validation).aggregate,
    });
  });

  it("with a real video that is cut short is refused before anything begins", async () => {
    const cut = await copyOfReal("dobot_cr5");
    const root = dirname(cut);
    for (const name of names) if (name !== "dobot_cr5") await symlink(realDataset(name), join(root, name));
    const video = join(cut, "videos/chunk-000/observation.images.top/episode_000072.mp4");
    const { length: size } = await readFile(video);
    await truncate(video, Math.floor(0.9 * size));
    const { status, err } = await train(root, "--out", place.path("run"), "--steps", "1");
    expect({ status, err }).toEqual({ status: 2, err: expect.stringMatching(/^[^\n]+\n$/) });
    expect(err).toMatch(
      /^dataset "dobot_cr5": .*episode_000072.mp4: expected the video of episode 72, got a file of \d+ bytes/,
    );
  });
});

describe("inspect", () => {
  it.skipIf(!hasLibav)("finds with status 1 what training refuses, and all of it at once", async () => {
    await write(() => []);
    await truncate(videoPath(2), 700);
    await truncate(tablePath(0), 500);
    await writeJson(toy("meta/tasks.jsonl"), [{ task_index: 4, task: "wave" }]);
    const { status, out } = await armature("inspect", place.path("toy"), "--json");
    expect(status).toBe(1);
    const [{ problems }] = Object(JSON.parse(out)).datasets;
    expect(problems.map((problem: unknown) => Object(problem).code)).toEqual([
      "unreadable-table",
      "missing-task",
      "missing-task",
      "unreadable-video",
    ]);
  });
});
