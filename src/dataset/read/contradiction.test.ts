import { mkdir, mkdtemp, rename, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { everything } from "../testing/real-data.ts";
import { info, plainFeatures, writeJson, writeTable, writeV2 } from "../testing/small-dataset.ts";
import { unchanged, withCell, without, writeV3 } from "../testing/small-v3.ts";
import { openDataset } from "./open.ts";
import { inspectDataset } from "./validate.ts";

let root = "";
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "armature-"));
});
afterEach(async () => await rm(root, { recursive: true }));

const open = () => openDataset(root, everything("toy"));
const inspected = async () => (await inspectDataset(root, "toy", () => {}, "ends")).problems;
const table = (episode: number) => `data/chunk-000/episode_00000${episode}.parquet`;
const tasks = (...texts: readonly [number, string][]) =>
  writeJson(
    join(root, "meta/tasks.jsonl"),
    texts.map(([task_index, task]) => ({ task_index, task })),
  );

describe("instructions", () => {
  test("that an episode is not said to have are a problem of that episode, by both places", async () => {
    await writeV2(root, [3, 3], {}, (episode) => [
      { name: "task_index", kind: "int64", values: episode === 0 ? [0, 0, 0] : [0, 1, 0] },
    ]);
    await tasks([0, "wave"], [1, "nod"]);
    const message =
      'expected "wave" at frame 1 of episode 1, as meta/episodes.jsonl line 2 has it, got "nod" by its task_index 1';
    const path = `${table(1)} column "task_index"`;
    expect(await inspected()).toEqual([{ code: "contradicting-task", path, message, episode: 1, row: 1 }]);
    const toy = await open();
    expect((await toy.table(0)).tasks).toEqual(["wave", "wave", "wave"]);
    await expect(toy.table(1)).rejects.toThrow(message);
  });

  test("are compared with what a v3.0 row lists as well", async () => {
    await writeV3(root, [3, 3], {}, withCell("tasks", 1, ["nod", "bow"]));
    await expect((await open()).table(1)).rejects.toThrow(
      'expected "nod" or "bow" at frame 0 of episode 1, as meta/episodes/chunk-000/file-000.parquet row 1 has it, got "wave"',
    );
  });

  test("of one index with two texts are refused; the same text twice says nothing else", async () => {
    await writeV2(root, [3], {}, () => []);
    await tasks([0, "wave"], [1, "nod"], [0, "bow"]);
    await expect(open()).rejects.toThrow(
      'meta/tasks.jsonl line 3: expected one text for task_index 0, got "bow", and "wave" at meta/tasks.jsonl line 1',
    );
    await tasks([0, "wave"], [0, "wave"]);
    expect((await (await open()).table(0)).tasks[0]).toBe("wave");
  });

  test("of v3.0 with two texts for an index are refused by row", async () => {
    await writeV3(root, [3], {}, unchanged);
    const columns = [
      { name: "task_index", kind: "int64", values: [0, 0] },
      { name: "task", kind: "text", values: ["wave", "nod"] },
    ] as const;
    await writeTable(join(root, "meta/tasks.parquet"), columns, 1000);
    await expect(open()).rejects.toThrow(
      'meta/tasks.parquet row 1: expected one text for task_index 0, got "nod", and "wave" at meta/tasks.parquet row 0',
    );
  });

  test("that are empty are a problem of the table of tasks and of each episode that has one", async () => {
    await writeV2(root, [2, 2], {}, (episode) => [{ name: "task_index", kind: "int64", values: [episode, episode] }]);
    await tasks([0, "wave"], [1, "  "]);
    await writeJson(join(root, "meta/episodes.jsonl"), [
      { episode_index: 0, length: 2 },
      { episode_index: 1, length: 2 },
    ]);
    expect((await inspected()).map(({ code, path }) => `${code} ${path}`)).toEqual([
      "empty-task meta/tasks.jsonl line 2",
      `missing-task ${table(1)} column "task_index"`,
    ]);
    const toy = await open();
    expect((await toy.table(0)).tasks).toEqual(["wave", "wave"]);
    await expect(toy.table(1)).rejects.toThrow("expected an instruction at frame 0 of episode 1, got an empty text");
  });
});

describe("a version", () => {
  test("that is not that of the files is a problem, whichever is stated", async () => {
    await writeV2(root, [3], {}, () => []);
    await writeJson(join(root, "meta/info.json"), info("v3.0", [3], plainFeatures));
    const problems = await inspected();
    expect(problems.map(({ code }) => code)).toEqual(["contradicting-version", "contradicting-version"]);
    expect(problems[0]).toMatchObject({ path: "meta/info.json codebase_version" });
    expect(problems[0]!.message).toContain('got "v3.0", which has meta/episodes, and here is meta/episodes.jsonl');
    await rm(join(root, "meta"), { recursive: true });
    await writeV3(root, [3], {}, unchanged);
    await writeJson(join(root, "meta/info.json"), info("v2.1", [3], plainFeatures));
    await expect(open()).rejects.toThrow(
      'got "v2.1", which has meta/episodes.jsonl, and here is meta/episodes of v3.0',
    );
  });

  test("that is stated and not known is reported as it is stated", async () => {
    await writeV2(root, [3], {}, () => []);
    await writeJson(join(root, "meta/info.json"), info("v1.6", [3], plainFeatures));
    expect((await inspectDataset(root, "toy", () => {}, "ends")).version).toBe("v1.6");
  });
});

describe("films", () => {
  const key = "observation.images.top";
  const video = { dtype: "video", shape: [48, 64, 3], names: null };

  test("whose places the table of episodes does not give are said to lack them", async () => {
    await writeV3(root, [3], { [key]: video }, without(`videos/${key}/chunk_index`, `videos/${key}/file_index`));
    expect(await inspected()).toEqual([
      {
        code: "missing-camera-files",
        path: "meta/episodes",
        message:
          `declared as a video, and the table of episodes lacks a column of videos/${key}/chunk_index, ` +
          `videos/${key}/file_index, videos/${key}/from_timestamp, which say where its films lie: the view is absent`,
      },
    ]);
  });

  test("that are not there are said to be missing at the place where the first was expected", async () => {
    await writeV2(root, [3], { [key]: video }, () => []);
    expect((await inspected())[0]!.message).toContain(
      `no episode has a file of it (expected the first at videos/chunk-000/${key}/episode_000000.mp4)`,
    );
  });

  test("are found in videos/ where video/ is declared, which is said", async () => {
    await writeV2(root, [3], { [key]: video }, () => []);
    const declared = { ...plainFeatures, [key]: video };
    const template = `chunk-{episode_chunk:03d}/{video_key}/episode_{episode_index:06d}.mp4`;
    await writeJson(join(root, "meta/info.json"), { ...info("v2.1", [3], declared), video_path: `video/${template}` });
    await writeJson(join(root, `videos/chunk-000/${key}/episode_000000.mp4`), "a film");
    const toy = await open();
    expect([toy.cameras, toy.notes.map(({ code }) => code)]).toEqual([[key], ["other-video-folder"]]);
    await mkdir(join(root, "video"));
    expect((await open()).cameras).toEqual([]);
    await rm(join(root, "video"), { recursive: true });
    await rename(join(root, "videos"), join(root, "elsewhere"));
    expect((await open()).absentCameras).toEqual([key]);
  });
});

describe("columns that are not declared", () => {
  test("are read as their first row has them, and said to be there", async () => {
    const { task_index: _, ...declared } = plainFeatures;
    await writeV2(root, [2], {}, () => [
      {
        name: "observation.state",
        kind: "floats",
        values: [
          [1, 2, 3],
          [4, 5, 6],
        ],
      },
      { name: "note", kind: "text", values: ["a", "b"] },
    ]);
    await writeJson(join(root, "meta/info.json"), info("v2.1", [2], declared));
    const toy = await open();
    const read = await toy.table(0);
    expect([...read.vector("observation.state").cells]).toEqual([1, 2, 3, 4, 5, 6]);
    expect([read.tasks, toy.taskColumn]).toEqual([["wave", "wave"], "task_index"]);
    expect(toy.notes.map(({ path, message }) => `${path} ${message.split(": ")[1]}`)).toEqual([
      'column "task_index" it is read as 1 number a row',
      'column "observation.state" it is read as 3 numbers a row',
      'column "note" it is read as text',
    ]);
  });
});

describe("timestamps", () => {
  const times = (values: readonly number[]) => [{ name: "timestamp", kind: "double", values }] as const;

  test("that are off by half a frame or more drift; the worst episode is named with its frame", async () => {
    await writeV2(root, [3, 3, 3], {}, (episode) =>
      times(
        [
          [0, 0.1, 0.2],
          [5, 5.1, 5.26],
          [0, 0.17, 0.2],
        ][episode]!,
      ),
    );
    const problems = await inspected();
    expect(problems.map(({ code, path }) => `${code} ${path}`)).toEqual([
      `drifting-timestamps ${table(2)} column "timestamp"`,
    ]);
    expect(problems[0]!.message).toContain("in 2 episodes, most in episode 2, by 0.0700 s at frame 1");
  });

  test("that are off by less are a note", async () => {
    await writeV2(root, [3], {}, () => times([0, 0.1, 0.249]));
    const { problems, notes } = await inspectDataset(root, "toy", () => {}, "ends");
    expect([problems, notes.map(({ code }) => code)]).toEqual([[], ["constant-entries", "uneven-timestamps"]]);
  });
});
