import { hash } from "node:crypto";
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { allocate, HostArray } from "../graph/host-array.ts";
import { stream } from "../graph/random.ts";
import type { Picture } from "./dataset.ts";
import { loadLibav } from "./libav.ts";
import { openDataset } from "./open.ts";
import { ParquetFile } from "./parquet.ts";
import { inspectDataset } from "./validate.ts";
import { DatasetWriter } from "./write.ts";
import type { WrittenDescription, WrittenVersion } from "./write-description.ts";

const hasLibav = (await loadLibav()) !== null;
const scratch = await mkdtemp(join(tmpdir(), "armature-write-"));
const camera = "observation.images.top";
const side = 64;
let folders = 0;

afterAll(() => rm(scratch, { recursive: true }));

function folder(): string {
  return join(scratch, `${folders++}`);
}

function description(version: WrittenVersion, changes: Partial<WrittenDescription>): WrittenDescription {
  return {
    ...{ version, robotType: "toy", framesPerSecond: 10, codec: "h264", source: { seed: 1 } },
    vectors: [
      { key: "observation.state", names: ["a", "b", "c"] },
      { key: "action", names: ["a"] },
    ],
    cameras: [{ key: camera, height: side, width: side }],
    ...changes,
  };
}

/** A square that goes a pixel further with every frame, in a grey of its own for every episode. */
function picture(episode: number, frame: number): Picture {
  const cells = allocate("uint8", side * side * 3).fill(40 + 30 * episode);
  for (let row = 8; row < 24; row++)
    for (let column = 2 * frame; column < 2 * frame + 16; column++) cells.set([220, 40, 30], 3 * (row * side + column));
  return new HostArray("h w c", [side, side, 3], "uint8", cells);
}

function state(episode: number, frame: number): number[] {
  return [frame / 3, episode + 0.1, -frame];
}

const lengths = [5, 3, 8, 4];

async function addEpisode(writer: DatasetWriter, episode: number): Promise<void> {
  for (let frame = 0; frame < lengths[episode]!; frame++)
    writer.add({
      vectors: new Map([
        ["observation.state", state(episode, frame)],
        ["action", [frame * episode]],
      ]),
      pictures: new Map([[camera, picture(episode, frame)]]),
      task: episode === 2 ? "push" : "reach",
    });
  await writer.finishEpisode({ attempts: episode + 1 });
}

async function write(root: string, version: WrittenVersion, episodes: number): Promise<void> {
  const writer = await DatasetWriter.create(root, description(version, {}));
  for (let episode = 0; episode < episodes; episode++) await addEpisode(writer, episode);
  await writer.finish();
}

/** The hash of every file below a folder, by path. */
async function files(root: string): Promise<Map<string, string>> {
  const names = (await readdir(root, { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
  const contents = await Promise.all(names.sort().map((name) => readFile(name)));
  return new Map(contents.map((bytes, at) => [names[at]!.slice(root.length), hash("sha256", bytes)]));
}

const choice = { name: "toy", episodes: "all", taskAnnotation: "declared", pictureMemoryBytes: 0 } as const;

describe.skipIf(!hasLibav).each(["v3.0", "v2.1"] as const)("%s", (version) => {
  it("is read as it was written: rows, instructions, pictures", async () => {
    const root = folder();
    await write(root, version, 4);
    const dataset = await openDataset(root, choice);
    expect(dataset.version).toBe(version);
    expect(dataset.robotType).toBe("toy");
    expect(dataset.episodes).toEqual(lengths.map((length, index) => ({ index, length })));
    for (const { index, length } of dataset.episodes) {
      const table = await dataset.table(index);
      const frames = Array.from({ length }, (_, frame) => frame);
      expect([...table.vector("observation.state").cells]).toEqual(
        frames.flatMap((frame) => state(index, frame)).map(Math.fround),
      );
      expect([...table.vector("action").cells]).toEqual(frames.map((frame) => frame * index));
      expect([...table.vector("timestamp").cells]).toEqual(frames.map((frame) => Math.fround(frame / 10)));
      expect(new Set(table.tasks)).toEqual(new Set([index === 2 ? "push" : "reach"]));
      for (const frame of frames) {
        const shown = await dataset.picture(camera, index, frame, { height: side, width: side });
        const drawn = picture(index, frame).cells;
        const apart = shown.cells.map((cell, at) => Math.abs(cell - drawn[at]!));
        // Half the colour planes and a lossy codec blur the square's edges; another frame is 5 further.
        expect(apart.reduce((sum, value) => sum + value, 0) / apart.length).toBeLessThan(2.5);
      }
    }
    await dataset.close();
  });

  it("has nothing wrong with it, also while it is being recorded", async () => {
    const root = folder();
    const writer = await DatasetWriter.create(root, description(version, {}));
    for (let episode = 0; episode < 4; episode++) {
      await addEpisode(writer, episode);
      const { problems, episodes, frames } = await inspectDataset(root, "toy", () => {});
      expect(problems).toEqual([]);
      expect(episodes).toBe(episode + 1);
      expect(frames).toBe(lengths.slice(0, episode + 1).reduce((sum, length) => sum + length, 0));
    }
    await writer.finish();
    expect(await readdir(root)).toEqual(["data", "meta", "videos"]);
  });

  it("is the same to the byte where the recording was interrupted, wherever that was", async () => {
    const [whole, before, after] = [folder(), folder(), folder()];
    await write(whole, version, 4);
    const writer = await DatasetWriter.create(before, description(version, {}));
    for (let episode = 0; episode < 2; episode++) await addEpisode(writer, episode);
    await cp(before, after, { recursive: true });
    const further = await DatasetWriter.resume(after, description(version, {}));
    await addEpisode(further, 2);
    // Files in the order in which an episode's are put in place: a process may be killed between any two.
    const written = [/^data/, /^videos/, /tasks/, /stats/, /episodes(\.jsonl|\/)/, /info/, /recording/];
    const changed = (await readdir(after, { recursive: true, withFileTypes: true }))
      .filter((entry) => entry.isFile() && !entry.parentPath.includes(".recording"))
      .map((entry) => join(entry.parentPath, entry.name).slice(after.length + 1));
    for (let put = 0; put <= written.length; put++) {
      const root = folder();
      await cp(before, root, { recursive: true });
      for (const name of changed)
        if (written.slice(0, put).some((pattern) => pattern.test(name)))
          await cp(join(after, name), join(root, name), { recursive: true });
      const again = await DatasetWriter.resume(root, description(version, {}));
      expect(again.progress).toEqual({ attempts: put === written.length ? 3 : 2 });
      for (let episode = again.episodes; episode < 4; episode++) await addEpisode(again, episode);
      await again.finish();
      expect(await files(root), `killed after ${put} kinds of files`).toEqual(await files(whole));
    }
  });
});

describe.skipIf(!hasLibav)("v3.0 files", () => {
  it("hold many episodes, each in a row group of its own", async () => {
    const root = folder();
    await write(root, "v3.0", 4);
    const file = await ParquetFile.open(join(root, "data/chunk-000/file-000.parquet"));
    expect(file.rows).toBe(20);
    expect(await readdir(join(root, "videos", camera, "chunk-000"))).toEqual(["file-000.mp4"]);
    const records = await ParquetFile.open(join(root, "meta/episodes/chunk-000/file-000.parquet"));
    expect(await records.column(`videos/${camera}/from_timestamp`, 0, 4)).toEqual([0, 0.5, 0.8, 1.6]);
    expect(await records.column("dataset_to_index", 0, 4)).toEqual([5n, 8n, 16n, 20n]);
  });

  it("are followed by others when they are full", async () => {
    const root = folder();
    const large = 224;
    const cameras = [{ key: camera, height: large, width: large }];
    const writer = await DatasetWriter.create(root, description("v3.0", { cameras }));
    const size = large * large * 3;
    const uniform = new Float32Array(3 * size);
    stream(1, "noise").fillUniform(uniform, 0, 0, 0);
    const noise = Uint8Array.from(uniform, (value) => 255 * value);
    for (let episode = 0; episode < 6; episode++) {
      for (let frame = 0; frame < 30; frame++) {
        const from = 977 * (30 * episode + frame);
        const cells = frame === 0 ? new Uint8Array(size).fill(40 * episode) : noise.slice(from, from + size);
        const pictures = new Map([[camera, new HostArray("h w c", [large, large, 3], "uint8", cells)]]);
        writer.add({ vectors: vectorsOf(episode), pictures, task: "look" });
      }
      await writer.finishEpisode({});
    }
    await writer.finish();
    expect((await readdir(join(root, "videos", camera, "chunk-000"))).length).toBeGreaterThan(1);
    const dataset = await openDataset(root, choice);
    for (let episode = 0; episode < 6; episode++) {
      const { cells } = await dataset.picture(camera, episode, 0, { height: large, width: large });
      expect(Math.abs(cells[0]! - 40 * episode)).toBeLessThan(6);
    }
    await dataset.close();
  });

  it("videos of small pictures are followed by others after so many frames that joining them takes long", async () => {
    const root = folder();
    const writer = await DatasetWriter.create(root, description("v3.0", {}));
    for (let episode = 0; episode < 3; episode++) {
      const pictures = new Map([[camera, picture(episode, 0)]]);
      for (let frame = 0; frame < 2100; frame++) writer.add({ vectors: vectorsOf(episode), pictures, task: "look" });
      await writer.finishEpisode({});
    }
    await writer.finish();
    expect(await readdir(join(root, "videos", camera, "chunk-000"))).toEqual(["file-000.mp4", "file-001.mp4"]);
    const records = await ParquetFile.open(join(root, "meta/episodes/chunk-000/file-000.parquet"));
    expect(await records.column(`videos/${camera}/file_index`, 0, 3)).toEqual([0n, 0n, 1n]);
    expect(await records.column(`videos/${camera}/from_timestamp`, 0, 3)).toEqual([0, 210, 0]);
    const dataset = await openDataset(root, choice);
    const { cells } = await dataset.picture(camera, 2, 2099, { height: side, width: side });
    expect(Math.abs(cells.at(-1)! - picture(2, 0).cells.at(-1)!)).toBeLessThan(6);
    await dataset.close();
  });

  it("a list of episodes that is full is followed by another", async () => {
    const root = folder();
    const writer = await DatasetWriter.create(root, description("v3.0", { cameras: [] }));
    for (let episode = 0; episode < 103; episode++) {
      writer.add({ vectors: vectorsOf(episode), pictures: new Map(), task: `task ${episode % 7}` });
      await writer.finishEpisode({});
    }
    await writer.finish();
    expect(await readdir(join(root, "meta/episodes/chunk-000"))).toEqual(["file-000.parquet", "file-001.parquet"]);
    const dataset = await openDataset(root, choice);
    expect(dataset.episodes).toHaveLength(103);
    expect((await dataset.table(102)).tasks).toEqual(["task 4"]);
    await dataset.close();
  });
});

describe.skipIf(!hasLibav)("statistics", () => {
  it("of the dataset are those of all its rows and pictures", async () => {
    const root = folder();
    await write(root, "v3.0", 4);
    const stats = JSON.parse(await readFile(join(root, "meta/stats.json"), "utf8"));
    const rows = lengths.flatMap((length, episode) => Array.from({ length }, (_, frame) => state(episode, frame)));
    const sorted = rows.map(([first = 0]) => Math.fround(first)).sort((one, other) => one - other);
    const mean = sorted.reduce((sum, value) => sum + value, 0) / 20;
    expect(stats["observation.state"].mean[0]).toBeCloseTo(mean, 12);
    const variance = sorted.reduce((sum, value) => sum + (value - mean) ** 2, 0) / 20;
    expect(stats["observation.state"].std[0]).toBeCloseTo(Math.sqrt(variance), 12);
    expect(stats["observation.state"].min[2]).toBe(-7);
    expect(stats["observation.state"].count).toEqual([20]);
    // 0.9 · 19 = 17.1: a tenth of the way from the 17th to the 18th.
    expect(stats["observation.state"].q90[0]).toBeCloseTo(sorted[17]! + 0.1 * (sorted[18]! - sorted[17]!), 12);
    const reds = lengths.flatMap((length, episode) =>
      Array.from({ length }, (_, frame) =>
        [...picture(episode, frame).cells].filter((_cell, at) => at % 3 === 0),
      ).flat(),
    );
    const redMean = reds.reduce((sum, value) => sum + value, 0) / reds.length / 255;
    expect(stats[camera].mean[0][0][0]).toBeCloseTo(redMean, 12);
    expect(stats[camera].max[0]).toEqual([[220 / 255]]);
    expect(stats[camera].count).toEqual([20]);
  });

  it("of an episode of v2.1 stand in a line of their own", async () => {
    const root = folder();
    await write(root, "v2.1", 4);
    const lines = (await readFile(join(root, "meta/episodes_stats.jsonl"), "utf8")).trim().split("\n");
    const third = JSON.parse(lines[2]!);
    expect(third.episode_index).toBe(2);
    expect(third.stats.action).toEqual({ min: [0], max: [14], mean: [7], std: [Math.sqrt(84 / 4)], count: [8] });
  });
});

describe.skipIf(!hasLibav)("what is refused", () => {
  it("a folder with something in it", async () => {
    const root = folder();
    await write(root, "v2.1", 1);
    await expect(DatasetWriter.create(root, description("v2.1", {}))).rejects.toThrow(
      `${root}: expected a new or empty folder, got one with data, meta, videos; choose another`,
    );
  });

  it("a folder with an interrupted recording, and how to go on with it", async () => {
    const root = folder();
    const writer = await DatasetWriter.create(root, description("v3.0", {}));
    await addEpisode(writer, 0);
    await expect(DatasetWriter.create(root, description("v3.0", {}))).rejects.toThrow(
      `${root}: expected a new or empty folder, got an interrupted recording of 1 whole episodes; go on with --resume, or choose another folder`,
    );
    const other = description("v3.0", { framesPerSecond: 20, source: { seed: 2 } });
    await expect(DatasetWriter.resume(root, other)).rejects.toThrow(
      "expected a recording like the interrupted one, got another framesPerSecond, source",
    );
  });

  it("to go on where nothing was begun, or all is done", async () => {
    const root = folder();
    await expect(DatasetWriter.resume(root, description("v3.0", {}))).rejects.toThrow("got none; record anew");
    await write(root, "v3.0", 1);
    await expect(DatasetWriter.resume(root, description("v3.0", {}))).rejects.toThrow("got a finished one");
  });

  it("a place that cannot be written", async () => {
    const file = join(scratch, "a file");
    await writeFile(file, "");
    await expect(DatasetWriter.create(join(file, "below"), description("v3.0", {}))).rejects.toThrow(
      /a file\/below: expected a .*folder.*, got ENOTDIR.*choose another/,
    );
  });

  it("a frame of other sizes", async () => {
    const writer = await DatasetWriter.create(folder(), description("v3.0", {}));
    const good = { vectors: vectorsOf(0), pictures: new Map([[camera, picture(0, 0)]]), task: "" };
    expect(() => writer.add({ ...good, vectors: new Map([["action", [1]]]) })).toThrow(
      'frame: expected 3 numbers of "observation.state", got none',
    );
    const small = new HostArray("h w c", [2, 2, 3], "uint8", new Uint8Array(12));
    expect(() => writer.add({ ...good, pictures: new Map([[camera, small]]) })).toThrow(
      `frame: expected a picture of "${camera}" of 64 × 64, got 2,2,3`,
    );
    await expect(writer.finishEpisode({})).rejects.toThrow("expected frames, got none");
  });
});

function vectorsOf(episode: number): Map<string, number[]> {
  return new Map(Object.entries({ "observation.state": [episode, 0, 0], action: [episode] }));
}
