import { mkdtemp, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { paddingDrawnByFrames, paddingDrawnEqually } from "../padding-share.ts";
import { hasRealData, onRealData, realDataset } from "../testing/real-data.ts";
import { info, plainColumns, plainFeatures, writeJson, writeV2 } from "../testing/small-dataset.ts";
import { inspectDataset } from "./validate.ts";

let root = "";
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "armature-"));
});
afterEach(async () => await rm(root, { recursive: true }));

const inspect = () => inspectDataset(root, "toy", () => {}, "ends");

describe("a written dataset", () => {
  test("without fault has no problem and no note", async () => {
    const actions = [0, 1, 2, 3, 4, 5].map((frame) => [frame, frame * frame]);
    await writeV2(root, [4, 6], {}, (episode) => [
      { name: "action", kind: "floats", values: actions.slice(0, [4, 6][episode]) },
    ]);
    expect(await inspect()).toMatchObject({
      version: "v2.1",
      robotType: "toy",
      framesPerSecond: 10,
      episodes: 2,
      frames: 10,
      dofs: 2,
      states: 0,
      cameras: [],
      tasks: ["wave"],
      problems: [],
      notes: [],
    });
  });

  test("shows every fault at once", async () => {
    await writeV2(root, [4, 4, 4, 4, 4], { "observation.state": { dtype: "float32", shape: [1] } }, (episode) => {
      const state = { name: "observation.state", kind: "float", values: [0, 1, 2, 3] } as const;
      if (episode === 0)
        return [
          state,
          {
            name: "action",
            kind: "floats",
            values: [
              [0, 0],
              [1, 0],
              [2, Number.NaN],
              [3, 0],
            ],
          },
        ];
      if (episode === 1) return [state, { name: "timestamp", kind: "float", values: [0, 0.1, 0.1, 0.3] }];
      if (episode === 2) return plainColumns(2, 3);
      return episode === 3 ? [] : [state];
    });
    await truncate(join(root, "data/chunk-000/episode_000004.parquet"), 300);
    const { problems } = await inspect();
    expect(problems.map(({ code, path }) => `${code} ${path}`)).toEqual([
      'not-finite data/chunk-000/episode_000000.parquet column "action"',
      'timestamps-not-ascending data/chunk-000/episode_000001.parquet column "timestamp"',
      "wrong-length data/chunk-000/episode_000002.parquet",
      'missing-column data/chunk-000/episode_000003.parquet column "observation.state"',
      "unreadable-table data/chunk-000/episode_000004.parquet",
    ]);
    expect(problems[1]?.message).toContain("at frame 2 of episode 1");
    expect(problems.map(({ episode, row }) => [episode, row])).toEqual([
      [0, 2],
      [1, 2],
      [2, undefined],
      [3, undefined],
      [4, undefined],
    ]);
  });

  test("whose counts or videos do not fit says so", async () => {
    const camera = "observation.images.top";
    await writeV2(root, [4, 4], { [camera]: { dtype: "video", shape: [48, 64, 3] } }, () => []);
    const features = { ...plainFeatures, [camera]: { dtype: "video", shape: [48, 64, 3] } };
    await writeJson(join(root, "meta/info.json"), { ...info("v2.1", [4, 5], features), total_episodes: 3 });
    for (const episode of [0, 1])
      await writeJson(join(root, `videos/chunk-000/${camera}/episode_00000${episode}.mp4`), "");
    const { problems } = await inspect();
    expect(problems.map(({ code, path }) => `${code} ${path}`)).toEqual([
      "wrong-count meta/info.json total_episodes",
      "wrong-count meta/info.json total_frames",
      `unreadable-video videos/chunk-000/${camera}/episode_000000.mp4`,
      `unreadable-video videos/chunk-000/${camera}/episode_000001.mp4`,
    ]);
  });

  test("is asked how episodes end where all of their files are here and can be read", async () => {
    const camera = "observation.images.top";
    const nonFinite = [0, 1, Number.NaN].map((value) => [value, 0]);
    await writeV2(root, [4, 4, 3], { [camera]: { dtype: "video", shape: [48, 64, 3] } }, (episode) =>
      episode === 2 ? [{ name: "action", kind: "floats", values: nonFinite }] : [],
    );
    for (const episode of [0, 2])
      await writeJson(join(root, `videos/chunk-000/${camera}/episode_00000${episode}.mp4`), "");
    const { episodes, frames, endings } = await inspect();
    expect([episodes, frames]).toEqual([2, 7]);
    expect(endings).toMatchObject({ episodes: 1, moving: 1, frames: 4 });
  });

  test("whose metadata cannot be read has no version", async () => {
    await writeV2(root, [4], {}, () => []);
    await writeFile(join(root, "meta/info.json"), "[]");
    const { version, problems } = await inspect();
    expect([version, problems.length > 0]).toEqual([null, true]);
  });
});

describe.skipIf(!hasRealData)(onRealData("datasets that no one here wrote, inspected"), () => {
  test.each([
    { name: "gr1_pick_place", is: ["v2.0", 44, 44, 2096], ends: [5, 0, 0, 75], codes: ["missing-camera-files"] },
    { name: "unitree_g1_inspire", is: ["v2.1", 26, 26, 1305], ends: [5, 0, 0, 75], codes: ["missing-episode-files"] },
    {
      name: "dobot_cr5",
      is: ["v2.1", 7, 6, 933],
      ends: [1, 4, 0, 75],
      codes: ["missing-episode-files", "drifting-timestamps"],
    },
    { name: "pusht", is: ["v3.0", 2, 2, 25650], ends: [193, 13, 0, 3090], codes: ["missing-camera-files"] },
  ])("$name shows its oddities", async ({ name, is, ends, codes }) => {
    const report = await inspectDataset(realDataset(name), name, () => {}, "ends");
    expect([report.version, report.dofs, report.states, report.frames]).toEqual(is);
    const { moving, pausing, resting, framesPastEnd } = report.endings!;
    expect([moving, pausing, resting, framesPastEnd]).toEqual(ends);
    expect(report.problems.map(({ code }) => code)).toEqual(codes);
    const notes = new Map(report.notes.map(({ code, path, message }) => [`${code} ${path}`, message]));
    if (name === "gr1_pick_place") {
      expect(notes.get('constant-entries column "action"')).toMatch(/^25 of 44 entries never change: motor_7, /);
      expect(notes.get('late-start column "timestamp"')).toContain("0.0500 s");
      expect([...notes.keys()]).toContain('no-frame-index column "frame_index"');
      expect(report.tasks).toHaveLength(5);
      expect(report.tasks).not.toContain("valid");
    }
    if (name === "dobot_cr5")
      expect(report.problems[1]!.message).toContain("in 5 episodes, most in episode 75, by 0.5424 s");
    if (name === "pusht") expect(report.notes).toEqual([]);
  });
});

describe("padding of a batch of several datasets", () => {
  const wide = { frames: 300, dofs: 8, states: 4, views: 2 };
  const narrow = { frames: 100, dofs: 2, states: 4, views: 0 };

  test("is the share of cells that the narrower do not have", () => {
    expect(paddingDrawnEqually([wide, narrow])).toEqual({ actions: 0.375, states: 0, views: 0.5 });
    expect(paddingDrawnByFrames([wide, narrow])).toEqual({ actions: 0.1875, states: 0, views: 0.25 });
  });

  test("of one dataset is none, and of cells that nobody has is not a number", () => {
    expect(paddingDrawnEqually([wide])).toEqual({ actions: 0, states: 0, views: 0 });
    expect(paddingDrawnEqually([{ ...wide, views: 0 }]).views).toBeNull();
    expect(paddingDrawnByFrames([])).toEqual({ actions: null, states: null, views: null });
  });
});
