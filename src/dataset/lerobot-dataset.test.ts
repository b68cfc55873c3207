import { mkdtemp, readFile, rm, truncate, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { InputError } from "../input-error.ts";
import {
  grey,
  info,
  plainColumns,
  plainFeatures,
  stillPicture,
  writeJson,
  writeTable,
  writeV2,
  writeVideo,
} from "./fixture.ts";
import { loadLibav } from "./libav.ts";
import { openDataset } from "./open.ts";
import { DatasetError } from "./problem.ts";
import { everything } from "./real-data.ts";

const hasLibav = (await loadLibav()) !== null;
const fit = { height: 48, width: 64 };
const camera = "observation.images.top";
let root = "";

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "armature-"));
});
afterEach(async () => await rm(root, { recursive: true }));

const open = () => openDataset(root, everything("toy"));
const refusal = async () => {
  const error = await open().then(
    () => null,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(DatasetError);
  return error instanceof DatasetError ? error : new DatasetError("", []);
};

/** v3.0 with episodes of 5, 7 and 3 frames: the first two in one file, of several row groups, and one video each. */
async function writeV3(features: Readonly<Record<string, unknown>>) {
  const lengths = [5, 7, 3];
  await writeJson(join(root, "meta/info.json"), info("v3.0", lengths, { ...plainFeatures, ...features }));
  await writeTable(
    join(root, "meta/tasks.parquet"),
    [
      { name: "task_index", kind: "int64", values: [0] },
      { name: "__index_level_0__", kind: "text", values: ["wave"] },
    ],
    10,
  );
  await writeTable(
    join(root, "meta/episodes/chunk-000/file-000.parquet"),
    [
      { name: "episode_index", kind: "int64", values: [0, 1, 2] },
      { name: "length", kind: "int64", values: lengths },
      { name: "data/chunk_index", kind: "int64", values: [0, 0, 0] },
      { name: "data/file_index", kind: "int64", values: [0, 0, 1] },
      { name: "dataset_from_index", kind: "int64", values: [0, 5, 12] },
      { name: "dataset_to_index", kind: "int64", values: [5, 12, 15] },
      { name: `videos/${camera}/chunk_index`, kind: "int64", values: [0, 0, 0] },
      { name: `videos/${camera}/file_index`, kind: "int64", values: [0, 0, 0] },
      { name: `videos/${camera}/from_timestamp`, kind: "double", values: [0, 0.5, 1.2] },
      { name: "tasks", kind: "texts", values: [["wave"], ["wave"], ["wave"]] },
    ],
    10,
  );
  const both = [plainColumns(0, 5), plainColumns(1, 7)] as const;
  const joined = both[0].map((column, at) => ({ ...column, values: [...column.values, ...both[1][at]!.values] }));
  await writeTable(join(root, "data/chunk-000/file-000.parquet"), joined, 4);
  await writeTable(join(root, "data/chunk-000/file-001.parquet"), plainColumns(2, 3), 4);
}

describe("v3.0", () => {
  test("episodes are cut out of shared files, across row groups", async () => {
    await writeV3({});
    const toy = await open();
    expect(toy.episodes.map(({ length }) => length)).toEqual([5, 7, 3]);
    for (const { index, length } of toy.episodes) {
      const { cells } = (await toy.table(index)).vector("action");
      expect([...cells]).toEqual(Array.from({ length }, (_, frame) => [frame, index]).flat());
    }
    expect((await toy.table(1)).tasks[6]).toBe("wave");
  });

  test.skipIf(!hasLibav)("frames are found behind the other episodes of the same video", async () => {
    await writeV3({ [camera]: { dtype: "video", shape: [48, 64, 3], names: null } });
    await writeVideo(join(root, `videos/${camera}/chunk-000/file-000.mp4`), "libx264", 15);
    const toy = await open();
    expect(toy.cameras).toEqual([camera]);
    for (const [episode, frame, inFile] of [
      [0, 4, 4],
      [1, 0, 5],
      [1, 6, 11],
      [2, 2, 14],
    ] as const) {
      const picture = await toy.picture(camera, episode, frame, fit);
      expect(Math.abs(picture.cells[0]! - grey(inFile))).toBeLessThanOrEqual(2);
    }
  });

  test("rows that belong to another episode are refused", async () => {
    await writeV3({});
    const shifted = plainColumns(0, 6);
    const rest = plainColumns(1, 6);
    const columns = shifted.map((column, at) => ({ ...column, values: [...column.values, ...rest[at]!.values] }));
    await writeTable(join(root, "data/chunk-000/file-000.parquet"), columns, 100);
    await expect((await open()).table(1)).rejects.toThrow(
      /file-000\.parquet: expected episode_index 1, got 0 at row 0/,
    );
  });
});

describe("pictures stored in tables", () => {
  test.skipIf(!hasLibav)("PNG and JPEG are decoded, and what is neither is named", async () => {
    const png = await stillPicture("png", 90);
    const jpeg = await stillPicture("jpeg", 140);
    const values = [png, jpeg, new Uint8Array([1, 2, 3, 4])].map((bytes) => ({ bytes, path: "frame.png" }));
    const column = { name: camera, kind: "picture", values } as const;
    await writeV2(root, [3], { [camera]: { dtype: "image", shape: [48, 64, 3], names: null } }, () => [column]);
    const toy = await open();
    expect(toy.cameras).toEqual([camera]);
    expect((await toy.picture(camera, 0, 0, fit)).cells[7]).toBe(90);
    expect(Math.abs((await toy.picture(camera, 0, 1, fit)).cells[7]! - 140)).toBeLessThanOrEqual(2);
    await expect(toy.picture(camera, 0, 2, fit)).rejects.toThrow(
      /episode_000000\.parquet column "observation.images.top": expected a PNG or JPEG picture at frame 2 of episode 0/,
    );
  });
});

describe.skipIf(!hasLibav)("kept pictures (skipped where node-av is not installed)", () => {
  test("are the same as decoded ones", async () => {
    await writeV2(root, [30], { [camera]: { dtype: "video", shape: [48, 64, 3], names: null } }, () => []);
    const path = join(root, `videos/chunk-000/${camera}/episode_000000.mp4`);
    await writeVideo(path, "libx264", 30);
    const fresh = await open();
    const keeping = await openDataset(root, { ...everything("toy"), pictureMemoryBytes: 1 << 20 });
    for (const frame of [29, 3, 17, 28, 3, 0])
      expect(await keeping.picture(camera, 0, frame, fit)).toEqual(await fresh.picture(camera, 0, frame, fit));
    // Frames passed on the way to the last one were kept: the file is not needed for them any more.
    await writeFile(path, "");
    expect((await keeping.picture(camera, 0, 11, fit)).shape).toEqual([48, 64, 3]);
  });
});

describe("wrong files", () => {
  const wrong = async (columns: Parameters<typeof writeV2>[3]) => {
    await writeV2(root, [4], {}, columns);
    return await (await open()).table(0);
  };

  test("a value that is no number is named with column, frame and episode", async () => {
    const values = [
      [0, 0],
      [1, 0],
      [2, Number.NaN],
      [3, 0],
    ];
    const table = await wrong(() => [{ name: "action", kind: "floats", values }]);
    expect(() => table.vector("action")).toThrow(InputError);
    expect(() => table.vector("action")).toThrow(
      'dataset "toy": data/chunk-000/episode_000000.parquet column "action": expected a finite number at frame 2 of episode 0, entry 1, got NaN',
    );
    expect(table.vector("timestamp").shape).toEqual([4, 1]);
  });

  test("a row of another width is named", async () => {
    const values = [[0, 0], [1], [2, 0], [3, 0]];
    const table = await wrong(() => [{ name: "action", kind: "floats", values }]);
    expect(() => table.vector("action")).toThrow(/expected 2 numbers at frame 1 of episode 0, got 1 entries/);
  });

  test("a null is named", async () => {
    const table = await wrong(() => [{ name: "timestamp", kind: "float", values: [0, null, 0.2, 0.3] }]);
    expect(() => table.vector("timestamp")).toThrow(/expected 1 number at frame 1 of episode 0, got null/);
  });

  test("a column that is declared and not there is an error, and one that is not declared too", async () => {
    await writeV2(root, [4], { "observation.state": { dtype: "float32", shape: [3], names: null } }, () => []);
    const table = await (await open()).table(0);
    expect(() => table.vector("observation.state")).toThrow(/column "observation.state": expected such a column/);
    expect(() => table.vector("reward")).toThrow(/got action, timestamp, frame_index, episode_index, task_index/);
  });

  test("rows that are too few, frames that do not count up and tasks that no one knows are errors", async () => {
    await writeV2(root, [4, 4, 4], {}, (episode) => {
      if (episode === 0) return plainColumns(0, 3);
      if (episode === 1) return [{ name: "frame_index", kind: "int64", values: [0, 1, 3, 4] }];
      return [{ name: "task_index", kind: "int64", values: [0, 0, 7, 0] }];
    });
    const toy = await open();
    await expect(toy.table(0)).rejects.toThrow(/episode_000000\.parquet: expected 4 rows for episode 0, got 3/);
    await expect(toy.table(1)).rejects.toThrow(/expected frame_index 2, got 3 at row 2 of episode 1/);
    await expect(toy.table(2)).rejects.toThrow(/expected an index of the task table at frame 2 of episode 2, got 7/);
  });

  test("a damaged table is named with its episode", async () => {
    await writeV2(root, [4, 4], {}, () => []);
    const path = join(root, "data/chunk-000/episode_000001.parquet");
    await truncate(path, 500);
    await expect((await open()).table(1)).rejects.toThrow(
      /episode_000001\.parquet: expected the rows of episode 1, got .*parquet/,
    );
  });

  test("everything that is wrong with the metadata is said at once", async () => {
    await writeV2(root, [4], {}, () => []);
    const path = join(root, "meta/info.json");
    const { fps: _, ...rest } = info("v2.1", [4], { action: { dtype: "float32", shape: [-1] } });
    await writeJson(path, { ...rest, chunks_size: "many" });
    const { problems } = await refusal();
    expect(problems.map((problem) => problem.path).sort()).toEqual([
      "meta/info.json chunks_size",
      "meta/info.json features.action.shape.0",
      "meta/info.json fps",
    ]);
  });

  test("an unknown version, a file that is no JSON and a folder that is no dataset are said as such", async () => {
    expect((await refusal()).message).toContain("meta/info.json: expected the metadata of a LeRobot dataset");
    await writeV2(root, [4], {}, () => []);
    await writeJson(join(root, "meta/info.json"), { ...info("v1.6", [4], {}) });
    const unknown = await refusal();
    expect(unknown.problems.map((problem) => problem.code)).toEqual(["unknown-version"]);
    expect(unknown.message).toContain('expected LeRobot version v2.0, v2.1, v3.0, got "v1.6"');
    await writeFile(join(root, "meta/info.json"), "{");
    expect((await refusal()).problems[0]?.code).toBe("malformed-metadata");
  });

  test("a line that is broken is named by its number: no episode goes missing in silence", async () => {
    await writeV2(root, [4, 4], {}, () => []);
    const path = join(root, "meta/episodes.jsonl");
    const [first] = (await readFile(path, "utf8")).split("\n");
    await writeFile(path, `${first}\n{"episode_index": 1\n{"episode_index": "two", "length": 4}\n`);
    const { problems, message } = await refusal();
    expect(problems.map((problem) => problem.path)).toEqual([2, 3].map((line) => `meta/episodes.jsonl line ${line}`));
    expect(message).toContain(
      "line 3: expected a JSON value of its kind, got episode_index: Invalid input: expected number",
    );
  });

  test("task texts and annotations that cannot be read matter where instructions come from them", async () => {
    await writeV2(root, [4], {}, () => []);
    await rm(join(root, "meta/tasks.jsonl"));
    await writeFile(join(root, "meta/modality.json"), "{");
    const { problems } = await refusal();
    expect(problems.map(({ code, path }) => `${code} ${path}`)).toEqual([
      "missing-metadata meta/tasks.jsonl",
      "malformed-metadata meta/modality.json",
    ]);
    const toy = await openDataset(root, { ...everything("toy"), taskAnnotation: "none" });
    expect((await toy.table(0)).tasks).toEqual([null, null, null, null]);
  });

  test("a table that is cut short is said as such, with its episode", async () => {
    await writeV2(root, [4], {}, () => []);
    await truncate(join(root, "data/chunk-000/episode_000000.parquet"), 200);
    await expect((await open()).table(0)).rejects.toThrow(
      /episode_000000\.parquet: expected the rows of episode 0, got a file that is no whole Parquet file \(.*fetch it again/,
    );
  });

  test("videos that are cut short or none at all are found without decoding, each by its episode", async () => {
    await writeV2(root, [4, 4], { [camera]: { dtype: "video", shape: [48, 64, 3], names: null } }, () => []);
    const videos = join(root, `videos/chunk-000/${camera}`);
    await writeJson(join(videos, "episode_000000.mp4"), "no video");
    await writeJson(join(videos, "episode_000001.mp4"), "");
    expect((await (await open()).damage()).map(({ code, message }) => `${code}: ${message}`)).toEqual([
      "unreadable-video: expected the video of episode 0, got no MP4 file; fetch it again",
      "unreadable-video: expected the video of episode 1, got no MP4 file; fetch it again",
    ]);
  });

  test("two task descriptions are not guessed between", async () => {
    await writeV2(root, [4], {}, () => []);
    const annotation = { "human.task_description": {}, "human.coarse_task_description": {} };
    await writeJson(join(root, "meta/modality.json"), { annotation });
    expect((await refusal()).message).toContain("expected one task description, got annotation.human.task_description");
    const column = { column: "task_index" };
    const toy = await openDataset(root, { ...everything("toy"), taskAnnotation: column });
    expect((await toy.table(0)).tasks[0]).toBe("wave");
  });

  test("a path that leaves the folder is refused", async () => {
    await writeV2(root, [4], {}, () => []);
    const path = join(root, "meta/info.json");
    const json = JSON.parse(await readFile(path, "utf8"));
    await writeJson(path, { ...json, data_path: "../{episode_index}.parquet" });
    expect((await refusal()).message).toContain("expected a path inside the dataset's folder");
  });

  test("a camera without a video for one of the episodes leaves that episode out, or is an error by name", async () => {
    await writeV2(root, [4, 4], { [camera]: { dtype: "video", shape: [48, 64, 3], names: null } }, () => []);
    await writeJson(join(root, `videos/chunk-000/${camera}/episode_000001.mp4`), "no video");
    const toy = await open();
    expect(toy.episodes.map(({ index }) => index)).toEqual([1]);
    expect(toy.problems.map(({ code }) => code)).toEqual(["missing-video"]);
    const named = openDataset(root, { ...everything("toy"), episodes: [0, 1] });
    await expect(named).rejects.toThrow(/episode_000000\.mp4: expected the file of episode 0, got none/);
  });
});

test("a fingerprint changes with a file", async () => {
  await writeV2(root, [4], {}, () => []);
  const before = await (await open()).fingerprint();
  expect(await (await open()).fingerprint()).toBe(before);
  await utimes(join(root, "data/chunk-000/episode_000000.parquet"), 1, 1);
  expect(await (await open()).fingerprint()).not.toBe(before);
});

test.skipIf(!hasLibav)("several worker threads read the same dataset and see the same", async () => {
  await writeV2(root, [20], { [camera]: { dtype: "video", shape: [48, 64, 3], names: null } }, () => []);
  await writeVideo(join(root, `videos/chunk-000/${camera}/episode_000000.mp4`), "libx264", 20);
  const read = () =>
    new Promise<unknown>((resolve, reject) => {
      const worker = new Worker(new URL("./fixture-worker.ts", import.meta.url), { workerData: root });
      worker.once("message", resolve).once("error", reject);
    });
  const [one, other, third] = await Promise.all([read(), read(), read()]);
  expect(one).toEqual(other);
  expect(one).toEqual(third);
  expect(one).toMatchObject({ actions: 40, pictures: 20 });
});
