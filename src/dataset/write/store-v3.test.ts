import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { HostArray } from "../../graph/host-array.ts";
import { stream } from "../../graph/random.ts";
import { loadLibav } from "../libav.ts";
import { openDataset } from "../read/open.ts";
import { ParquetFile } from "../read/parquet.ts";
import { description, side, toyCamera, toyChoice, toyPicture, vectorsOf, write } from "../testing/toy-recording.ts";
import { DatasetWriter } from "./dataset-writer.ts";

const hasLibav = (await loadLibav()) !== null;
const scratch = await mkdtemp(join(tmpdir(), "armature-write-v3-"));
let folders = 0;

afterAll(() => rm(scratch, { recursive: true }));

function folder(): string {
  return join(scratch, `${folders++}`);
}

describe.skipIf(!hasLibav)("v3.0 files", () => {
  it("hold many episodes, each in a row group of its own", async () => {
    const root = folder();
    await write(root, "v3.0", 4);
    const file = await ParquetFile.open(join(root, "data/chunk-000/file-000.parquet"));
    expect(file.rows).toBe(20);
    expect(await readdir(join(root, "videos", toyCamera, "chunk-000"))).toEqual(["file-000.mp4"]);
    const records = await ParquetFile.open(join(root, "meta/episodes/chunk-000/file-000.parquet"));
    expect(await records.column(`videos/${toyCamera}/from_timestamp`, 0, 4)).toEqual([0, 0.5, 0.8, 1.6]);
    expect(await records.column("dataset_to_index", 0, 4)).toEqual([5n, 8n, 16n, 20n]);
  });

  it("are followed by others when they are full", async () => {
    const root = folder();
    const large = 224;
    const cameras = [{ key: toyCamera, height: large, width: large }];
    const writer = await DatasetWriter.create(root, description("v3.0", { cameras }));
    const size = large * large * 3;
    const uniform = new Float32Array(3 * size);
    stream(1, "noise").fillUniform(uniform, 0, 0, 0);
    const noise = Uint8Array.from(uniform, (value) => 255 * value);
    for (let episode = 0; episode < 6; episode++) {
      for (let frame = 0; frame < 30; frame++) {
        const from = 977 * (30 * episode + frame);
        const cells = frame === 0 ? new Uint8Array(size).fill(40 * episode) : noise.slice(from, from + size);
        const pictures = new Map([[toyCamera, new HostArray("h w c", [large, large, 3], "uint8", cells)]]);
        writer.add({ vectors: vectorsOf(episode), pictures, task: "look" });
      }
      await writer.finishEpisode({});
    }
    await writer.finish();
    expect((await readdir(join(root, "videos", toyCamera, "chunk-000"))).length).toBeGreaterThan(1);
    const dataset = await openDataset(root, toyChoice);
    for (let episode = 0; episode < 6; episode++) {
      const { cells } = await dataset.picture(toyCamera, episode, 0, { height: large, width: large });
      expect(Math.abs(cells[0]! - 40 * episode)).toBeLessThan(6);
    }
    await dataset.close();
  });

  it.each([1, 3])(
    "videos of small pictures are followed by others after so many frames that joining them takes long, %i at a time",
    async (together) => {
      const root = folder();
      const writer = await DatasetWriter.create(root, description("v3.0", {}), together);
      for (let episode = 0; episode < 3; episode++) {
        const pictures = new Map([[toyCamera, toyPicture(episode, 0)]]);
        for (let frame = 0; frame < 2100; frame++) writer.add({ vectors: vectorsOf(episode), pictures, task: "look" });
        await writer.finishEpisode({});
      }
      await writer.finish();
      expect(await readdir(join(root, "videos", toyCamera, "chunk-000"))).toEqual(["file-000.mp4", "file-001.mp4"]);
      const records = await ParquetFile.open(join(root, "meta/episodes/chunk-000/file-000.parquet"));
      expect(await records.column(`videos/${toyCamera}/file_index`, 0, 3)).toEqual([0n, 0n, 1n]);
      expect(await records.column(`videos/${toyCamera}/from_timestamp`, 0, 3)).toEqual([0, 210, 0]);
      const dataset = await openDataset(root, toyChoice);
      const { cells } = await dataset.picture(toyCamera, 2, 2099, { height: side, width: side });
      expect(Math.abs(cells.at(-1)! - toyPicture(2, 0).cells.at(-1)!)).toBeLessThan(6);
      await dataset.close();
    },
  );

  it("a list of episodes that is full is followed by another", async () => {
    const root = folder();
    const writer = await DatasetWriter.create(root, description("v3.0", { cameras: [] }));
    for (let episode = 0; episode < 103; episode++) {
      writer.add({ vectors: vectorsOf(episode), pictures: new Map(), task: `task ${episode % 7}` });
      await writer.finishEpisode({});
    }
    await writer.finish();
    expect(await readdir(join(root, "meta/episodes/chunk-000"))).toEqual(["file-000.parquet", "file-001.parquet"]);
    const dataset = await openDataset(root, toyChoice);
    expect(dataset.episodes).toHaveLength(103);
    expect((await dataset.table(102)).tasks).toEqual(["task 4"]);
    await dataset.close();
  });
});
