import { mkdtemp, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parquetWriteBuffer } from "hyparquet-writer";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { InputError } from "../../input-error.ts";
import { DatasetError } from "../problem.ts";
import { everything } from "../testing/real-data.ts";
import { info, plainColumns, writeJson, writeTable, writeV2 } from "../testing/small-dataset.ts";
import { openDataset } from "./open.ts";

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

  test("rows that run backwards in time are no recording where no frame_index says their order", async () => {
    const times = (values: readonly number[]) => [{ name: "timestamp", kind: "double", values } as const];
    await writeV2(root, [3, 3], {}, (episode) => times(episode === 0 ? [0.2, 0.1, 0] : [0, 0.1, 0.2]));
    for (const episode of [0, 1]) {
      const columns = plainColumns(episode, 3).filter(({ name }) => name !== "frame_index" && name !== "timestamp");
      const path = join(root, `data/chunk-000/episode_00000${episode}.parquet`);
      await writeTable(path, [...columns, ...times(episode === 0 ? [0.2, 0.1, 0] : [0, 0.1, 0.2])], 10);
    }
    const toy = await open();
    await expect(toy.table(0)).rejects.toThrow(
      /expected rows in order, as no frame_index says theirs, got timestamp 0.1 after 0.2 at row 1 of episode 0; sort them/,
    );
    expect((await toy.table(1)).length).toBe(3);
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
    expect(message).toContain('line 3: episode_index: expected a number, got "two"');
    expect(message).toContain("line 2: expected a JSON value of its kind, got JSON that breaks off before its end");
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

  test("bytes that are lost within a table are damage, and no kind of storage that is not read", async () => {
    await writeV2(root, [4], {}, () => []);
    const path = join(root, "data/chunk-000/episode_000000.parquet");
    const bytes = await readFile(path);
    await writeFile(path, bytes.fill(0, 4, 60));
    await expect((await open()).table(0)).rejects.toThrow(
      /got a column "action" that cannot be decoded .*; the file may be truncated or damaged: fetch it again/,
    );
  });

  test("a table that is whole and cannot be read here is not to be fetched again, but written in another way", async () => {
    await writeV2(root, [4], {}, () => []);
    const path = join(root, "data/chunk-000/episode_000000.parquet");
    const columnData = ["action", "timestamp", "frame_index", "episode_index", "task_index"].map((name) => ({
      name,
      data: [0, 1, 2, 3],
    }));
    // What a compression that is not read has written stands as it is here.
    const compressors = { LZO: (bytes: Uint8Array) => bytes };
    await writeFile(path, Buffer.from(parquetWriteBuffer({ columnData, codec: "LZO", compressors })));
    await expect((await open()).table(0)).rejects.toThrow(
      /it is whole, .*codec: LZO\); write it again plain, with zstd or snappy$/,
    );
  });

  test("videos that are cut short or none at all are found without decoding, each by its episode", async () => {
    await writeV2(root, [4, 4], { [camera]: { dtype: "video", shape: [48, 64, 3], names: null } }, () => []);
    const videos = join(root, `videos/chunk-000/${camera}`);
    await writeJson(join(videos, "episode_000000.mp4"), "no video");
    await writeJson(join(videos, "episode_000001.mp4"), "");
    const answered = "as servers answer in place of a file; look at its address, the revision and the access token";
    expect(
      (await (await open()).compareFilms([camera])).problems.map(({ code, message }) => `${code}: ${message}`),
    ).toEqual([
      // Fetched in the same way, both would be the same texts.
      `unreadable-video: expected the video of episode 0, got a text that begins "\\"no video\\"", ${answered}`,
      `unreadable-video: expected the video of episode 1, got a text that begins "\\"\\"", ${answered}`,
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
