import { mkdtemp, rm, truncate, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { loadLibav } from "../libav.ts";
import { sharedPictureMemory } from "../shared-pictures.ts";
import { everything } from "../testing/real-data.ts";
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
} from "../testing/small-dataset.ts";
import { openDataset } from "./open.ts";
import { inspectDataset } from "./validate.ts";

const hasLibav = (await loadLibav()) !== null;
const fit = { height: 48, width: 64 };
const camera = "observation.images.top";
let root = "";

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "armature-"));
});
afterEach(async () => await rm(root, { recursive: true }));

const open = () => openDataset(root, everything("toy"));
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

  test("a damaged file of several episodes is named with all of them, and inspected once", async () => {
    await writeV3({});
    await truncate(join(root, "data/chunk-000/file-000.parquet"), 200);
    const said = "expected the rows of episodes 0–1, got a file that is no whole Parquet file";
    const toy = await open();
    for (const episode of [0, 1])
      await expect(toy.table(episode)).rejects.toThrow(`data/chunk-000/file-000.parquet: ${said}`);
    expect((await toy.table(2)).length).toBe(3);
    const { problems } = await inspectDataset(root, "toy", () => {}, "ends");
    expect(problems.map(({ code, path }) => `${code} ${path}`)).toEqual([
      "unreadable-table data/chunk-000/file-000.parquet",
    ]);
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

  test("two that share a memory find what the other has decoded, and the same pictures as one that keeps nothing", async () => {
    await writeV2(root, [30], { [camera]: { dtype: "video", shape: [48, 64, 3], names: null } }, () => []);
    const path = join(root, `videos/chunk-000/${camera}/episode_000000.mp4`);
    await writeVideo(path, "libx264", 30);
    const fresh = await open();
    const frames = Array.from({ length: 30 }, (_, frame) => frame);
    const expected = await Promise.all(frames.map((frame) => fresh.picture(camera, 0, frame, fit)));
    const shared = { ...everything("toy"), sharedPictures: sharedPictureMemory(1 << 20) };
    const [one, other] = [await openDataset(root, shared), await openDataset(root, shared)];
    expect(await one.picture(camera, 0, 29, fit)).toEqual(expected[29]);
    expect(await other.picture(camera, 0, 3, fit)).toEqual(expected[3]);
    // Every frame was passed on the way to the last one: neither needs the file any more.
    await writeFile(path, "");
    for (const dataset of [one, other])
      for (const frame of frames) expect(await dataset.picture(camera, 0, frame, fit)).toEqual(expected[frame]);
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
      const worker = new Worker(new URL("../testing/reading-worker.ts", import.meta.url), { workerData: root });
      worker.once("message", resolve).once("error", reject);
    });
  const [one, other, third] = await Promise.all([read(), read(), read()]);
  expect(one).toEqual(other);
  expect(one).toEqual(third);
  expect(one).toMatchObject({ actions: 40, pictures: 20 });
});
