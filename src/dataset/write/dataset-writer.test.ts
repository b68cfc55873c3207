import { hash } from "node:crypto";
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { HostArray } from "../../graph/host-array.ts";
import { loadLibav } from "../libav.ts";
import { openDataset } from "../read/open.ts";
import { inspectDataset } from "../read/validate.ts";
import {
  addEpisode,
  description,
  lengths,
  side,
  state,
  toyCamera,
  toyChoice,
  toyPicture,
  vectorsOf,
  write,
} from "../testing/toy-recording.ts";
import { DatasetWriter } from "./dataset-writer.ts";

const hasLibav = (await loadLibav()) !== null;
const scratch = await mkdtemp(join(tmpdir(), "armature-write-"));
let folders = 0;

afterAll(() => rm(scratch, { recursive: true }));

function folder(): string {
  return join(scratch, `${folders++}`);
}

/** The hash of every file below a folder, by path. */
async function files(root: string): Promise<Map<string, string>> {
  const names = (await readdir(root, { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
  const contents = await Promise.all(names.sort().map((name) => readFile(name)));
  return new Map(contents.map((bytes, at) => [names[at]!.slice(root.length), hash("sha256", bytes)]));
}

describe.skipIf(!hasLibav).each(["v3.0", "v2.1"] as const)("%s", (version) => {
  it("is read as it was written: rows, instructions, pictures", async () => {
    const root = folder();
    await write(root, version, 4);
    const dataset = await openDataset(root, toyChoice);
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
        const shown = await dataset.picture(toyCamera, index, frame, { height: side, width: side });
        const drawn = toyPicture(index, frame).cells;
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
      const { problems, episodes, frames } = await inspectDataset(root, "toy", () => {}, "ends");
      expect(problems).toEqual([]);
      expect(episodes).toBe(episode + 1);
      expect(frames).toBe(lengths.slice(0, episode + 1).reduce((sum, length) => sum + length, 0));
    }
    await writer.finish();
    expect(await readdir(root)).toEqual(["data", "meta", "videos"]);
  });

  it("is the same to the byte however many episodes are put on the disk together, left and gone on with", async () => {
    const [single, together, left] = [folder(), folder(), folder()];
    await write(single, version, 4);
    const writer = await DatasetWriter.create(together, description(version, {}), 3);
    for (let episode = 0; episode < 2; episode++) await addEpisode(writer, episode);
    expect([writer.episodes, writer.frames]).toEqual([2, 8]);
    await expect(readFile(join(together, "meta/info.json"))).rejects.toThrow("ENOENT");
    for (let episode = 2; episode < 4; episode++) await addEpisode(writer, episode);
    await writer.finish();
    expect(await files(together)).toEqual(await files(single));
    const begun = await DatasetWriter.create(left, description(version, {}), 3);
    for (let episode = 0; episode < 2; episode++) await addEpisode(begun, episode);
    await begun.leave();
    const { problems, episodes } = await inspectDataset(left, "toy", () => {}, "ends");
    expect([problems, episodes]).toEqual([[], 2]);
    const further = await DatasetWriter.resume(left, description(version, {}), 3);
    expect(further.progress).toEqual({ attempts: 2 });
    for (let episode = 2; episode < 4; episode++) await addEpisode(further, episode);
    await further.finish();
    expect(await files(left)).toEqual(await files(single));
  });

  it("loses the episodes that were not put on the disk where it breaks off, and records them again", async () => {
    const [single, broken] = [folder(), folder()];
    await write(single, version, 4);
    const writer = await DatasetWriter.create(broken, description(version, {}), 2);
    for (let episode = 0; episode < 3; episode++) await addEpisode(writer, episode);
    const again = await DatasetWriter.resume(broken, description(version, {}), 2);
    expect([again.episodes, again.progress]).toEqual([2, { attempts: 2 }]);
    for (let episode = 2; episode < 4; episode++) await addEpisode(again, episode);
    await again.finish();
    expect(await files(broken)).toEqual(await files(single));
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
        [...toyPicture(episode, frame).cells].filter((_cell, at) => at % 3 === 0),
      ).flat(),
    );
    const redMean = reds.reduce((sum, value) => sum + value, 0) / reds.length / 255;
    expect(stats[toyCamera].mean[0][0][0]).toBeCloseTo(redMean, 12);
    expect(stats[toyCamera].max[0]).toEqual([[220 / 255]]);
    expect(stats[toyCamera].count).toEqual([20]);
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
      /a file\/below: expected a .*folder.*, got a file in place of a folder; choose another/,
    );
  });

  it("a frame of other sizes", async () => {
    const writer = await DatasetWriter.create(folder(), description("v3.0", {}));
    const good = { vectors: vectorsOf(0), pictures: new Map([[toyCamera, toyPicture(0, 0)]]), task: "" };
    expect(() => writer.add({ ...good, vectors: new Map([["action", [1]]]) })).toThrow(
      'frame: expected 3 numbers of "observation.state", got none',
    );
    const small = new HostArray("h w c", [2, 2, 3], "uint8", new Uint8Array(12));
    expect(() => writer.add({ ...good, pictures: new Map([[toyCamera, small]]) })).toThrow(
      `frame: expected a picture of "${toyCamera}" of 64 × 64, got 2,2,3`,
    );
    await expect(writer.finishEpisode({})).rejects.toThrow("expected frames, got none");
  });
});
