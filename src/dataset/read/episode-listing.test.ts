import { appendFile, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { everything } from "../testing/real-data.ts";
import { info, plainFeatures, writeJson, writeTable, writeV2 } from "../testing/small-dataset.ts";
import { episodeColumns, unchanged, withCell, writeV3 } from "../testing/small-v3.ts";
import { openDataset } from "./open.ts";
import { inspectDataset } from "./validate.ts";

let root = "";
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "armature-"));
});
afterEach(async () => await rm(root, { recursive: true }));

const open = () => openDataset(root, everything("toy"));
const inspected = () => inspectDataset(root, "toy", () => {}, "ends");
const table = "meta/episodes/chunk-000/file-000.parquet";

describe("an episode that is listed twice", () => {
  test("in two lines is refused with both, and its count is nobody else's fault", async () => {
    await writeV2(root, [4, 4, 4], {}, () => []);
    const path = join(root, "meta/episodes.jsonl");
    await appendFile(path, (await readFile(path, "utf8")).split("\n")[1]!);
    await expect(open()).rejects.toThrow(
      'dataset "toy": meta/episodes.jsonl line 4: expected episode 1 once, got it at meta/episodes.jsonl line 2 as well',
    );
    const { problems, episodes, frames } = await inspected();
    expect(problems.map(({ code }) => code)).toEqual(["repeated-episode"]);
    expect([episodes, frames]).toEqual([3, 12]);
  });

  test("by a copy of the episode table in a folder below is refused with both files", async () => {
    await writeV3(root, [4, 3], {}, unchanged);
    await writeTable(join(root, "meta/episodes/old/file-000.parquet"), episodeColumns([4, 3], []), 1000);
    await expect(open()).rejects.toThrow(
      `dataset "toy": ${table} and meta/episodes/old/file-000.parquet: expected each episode once, got episodes 0–1 in all of them`,
    );
  });

  test("by what systems and editors hide beside the table is none: they are no tables", async () => {
    await writeV3(root, [4, 3], {}, unchanged);
    await writeTable(
      join(root, "meta/episodes/.ipynb_checkpoints/file-000-checkpoint.parquet"),
      episodeColumns([4, 3], []),
      1000,
    );
    await writeJson(join(root, "meta/episodes/chunk-000/._file-000.parquet"), "Mac OS X");
    expect((await open()).episodes.map(({ index, length }) => [index, length])).toEqual([
      [0, 4],
      [1, 3],
    ]);
  });

  test("is named once for every episode up to five, and the others are counted", async () => {
    const lengths = Array.from({ length: 7 }, () => 2);
    await writeV2(root, lengths, {}, () => []);
    const path = join(root, "meta/episodes.jsonl");
    await appendFile(path, await readFile(path, "utf8"));
    const { problems } = await inspected();
    expect(problems).toHaveLength(5);
    expect(problems[4]!.message).toContain("episode 4 once, got it at meta/episodes.jsonl line 5");
    expect(problems[4]!.message).toContain("and 2 more episodes likewise");
  });
});

test("a listing that leaves an episode out is blamed for it, and not the count that knows it", async () => {
  await writeV2(root, [4, 4, 4], {}, () => []);
  const path = join(root, "meta/episodes.jsonl");
  const lines = [0, 2].map((episode_index) => ({ episode_index, length: 4, tasks: ["wave"] }));
  await writeJson(path, lines);
  const message =
    "expected 3 episodes, as meta/info.json has it, got 2; data/chunk-000/episode_000001.parquet is here and not listed";
  expect((await inspected()).problems).toEqual([{ code: "wrong-count", path: "meta/episodes.jsonl", message }]);
  await rm(join(root, "data/chunk-000/episode_000001.parquet"));
  expect((await inspected()).problems.map((problem) => problem.path)).toEqual([
    "meta/info.json total_episodes",
    "meta/info.json total_frames",
  ]);
});

test("a template that gives two episodes one file, or two cameras one film, is refused", async () => {
  const camera = (name: string) => `observation.images.${name}`;
  const video = { dtype: "video", shape: [48, 64, 3], names: null };
  const features = { ...plainFeatures, [camera("top")]: video, [camera("wrist")]: video };
  await writeV2(root, [4, 4], features, () => []);
  const path = join(root, "meta/info.json");
  const plain = info("v2.1", [4, 4], features);
  await writeJson(path, { ...plain, data_path: "data/chunk-{episode_chunk:03d}/episode_000000.parquet" });
  await expect(open()).rejects.toThrow(/data_path: expected a file for each, got .* for episode 0 and episode 1/);
  await writeJson(path, { ...plain, video_path: "videos/episode_{episode_index:06d}.mp4" });
  await expect(open()).rejects.toThrow(
    "video_path: expected a file for each, got videos/episode_000000.mp4 for observation.images.top of episode 0 and observation.images.wrist of episode 0",
  );
});

describe("an entry that is no number", () => {
  test("of a row takes that episode out, with row and episode, and no other", async () => {
    await writeV3(root, [4, 3, 2], {}, withCell("length", 1, null));
    const toy = await open();
    expect(toy.episodes.map(({ index }) => index)).toEqual([0, 2]);
    expect((await toy.table(2)).vector("action").cells.slice(0, 2)).toEqual(Float64Array.of(0, 2));
    const message = `expected a whole number above 0 as "length" of episode 1, got null; the episode is left out`;
    expect(toy.problems).toEqual([{ code: "malformed-episode", path: `${table} row 1`, message, episode: 1 }]);
    const named = openDataset(root, { ...everything("toy"), episodes: [0, 1] });
    await expect(named).rejects.toThrow(message);
  });

  test("of where a film begins takes the episode out as well", async () => {
    const key = "observation.images.top";
    const camera = { [key]: { dtype: "video", shape: [48, 64, 3] } };
    await writeV3(root, [4, 3], camera, withCell(`videos/${key}/from_timestamp`, 0, Number.NaN));
    const { problems } = await inspected();
    expect(problems[0]!.message).toBe(
      `expected a time in seconds as "videos/${key}/from_timestamp" of episode 0, got NaN; the episode is left out`,
    );
    // Its four rows stand before those of episode 1 all the same.
    const choice = { ...everything("toy"), episodes: [1] };
    await writeJson(join(root, `videos/${key}/chunk-000/file-000.mp4`), "");
    const { cells } = (await (await openDataset(root, choice)).table(1)).vector("action");
    expect([...cells]).toEqual([0, 1, 1, 1, 2, 1]);
  });

  test("of a line likewise; one without an index leaves nothing to go by", async () => {
    await writeV2(root, [4, 4], {}, () => []);
    const line = (episode: unknown, length: unknown) => ({ episode_index: episode, length, tasks: ["wave"] });
    await writeJson(join(root, "meta/episodes.jsonl"), [line(0, 4), line(1, null)]);
    expect((await open()).episodes.map(({ index }) => index)).toEqual([0]);
    await writeJson(join(root, "meta/episodes.jsonl"), [line(0, 4), line(null, 4)]);
    await expect(open()).rejects.toThrow("meta/episodes.jsonl line 2: episode_index: expected a number, got null");
  });
});

describe("rows that an episode is said to have", () => {
  test("are not its own where it does not begin at the end of the one before", async () => {
    await writeV3(root, [4, 3, 2], {}, (columns) =>
      withCell("dataset_to_index", 1, 8)(withCell("dataset_from_index", 1, 5)(columns)),
    );
    const toy = await open();
    await expect(toy.table(1)).rejects.toThrow(
      `${table} row 1: expected episode 1 to have dataset_from_index 4, where the episodes before it end, got 5`,
    );
    expect((await toy.table(2)).vector("action").cells.slice(0, 2)).toEqual(Float64Array.of(0, 2));
  });

  test("are as many as it has frames", async () => {
    await writeV3(root, [4, 3], {}, withCell("dataset_to_index", 0, 5));
    await expect((await open()).table(0)).rejects.toThrow("dataset_to_index 4, as it has 4 frames, got 5");
  });

  test("may be counted anew in each file, and go on anywhere after an episode that is not listed", async () => {
    await writeV3(root, [4, 3, 2], {}, (columns) => {
      const later = (name: string, value: number) => withCell(name, 2, value);
      return [later("data/file_index", 1), later("dataset_from_index", 0), later("dataset_to_index", 2)].reduce(
        (changed, change) => change(changed),
        columns,
      );
    });
    const { problems } = await inspected();
    expect(problems.map(({ code }) => code)).toEqual(["missing-episode-files"]);
  });

  test("are not known where the file has more than are listed, and no row says whose it is", async () => {
    const rows = { name: "action", kind: "floats", values: [0, 1, 2, 3, 4].map((row) => [row, row]) } as const;
    const data = join(root, "data/chunk-000/file-000.parquet");
    await writeV3(root, [2, 3], {}, unchanged);
    await writeTable(data, [rows], 1000);
    expect((await (await open()).table(1)).vector("action").cells[0]).toBe(2);
    // Without the first episode its two rows are the file's all the same.
    await writeV3(root, [2, 3], {}, (columns) => columns.map((each) => ({ ...each, values: each.values.slice(1) })));
    await writeTable(data, [rows], 1000);
    await expect((await open()).table(1)).rejects.toThrow(
      'data/chunk-000/file-000.parquet: expected 3 rows, as many as the episodes listed of this file have, got 5 and no column "episode_index"; which rows are those of episode 1 is not known',
    );
  });

  test("are said not to be known before the file is said to end early", async () => {
    await writeV3(root, [4, 3], {}, (columns) =>
      withCell("dataset_to_index", 1, 8)(withCell("dataset_from_index", 1, 5)(columns)),
    );
    await expect((await open()).table(1)).rejects.toThrow(/to have dataset_from_index 4, .*expected at least 8 rows/);
  });
});
