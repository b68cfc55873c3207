import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { everything } from "../testing/real-data.ts";
import { info, plainColumns, plainFeatures, writeJson, writeTable, writeV2 } from "../testing/small-dataset.ts";
import { openDataset } from "./open.ts";

let root = "";
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "armature-instruction-"));
});
afterEach(() => rm(root, { recursive: true }));

const index = (...values: number[]) => ({ name: "task_index", kind: "int64", values }) as const;

it("an instruction that changes within an episode is each frame's own, by the table's index and not its row: v2.1", async () => {
  const indices = [
    [7, 7, 2, 7],
    [2, 2, 2],
  ];
  await writeV2(root, [4, 3], {}, (episode) => [index(...indices[episode]!)]);
  await writeJson(join(root, "meta/tasks.jsonl"), [
    { task_index: 7, task: "open" },
    { task_index: 2, task: "close" },
  ]);
  await writeJson(join(root, "meta/episodes.jsonl"), [
    { episode_index: 0, tasks: ["open", "close"], length: 4 },
    { episode_index: 1, tasks: ["close"], length: 3 },
  ]);
  const toy = await openDataset(root, everything("toy"));
  expect((await toy.table(0)).tasks).toEqual(["open", "open", "close", "open"]);
  expect((await toy.table(1)).tasks).toEqual(["close", "close", "close"]);
  await toy.close();
});

it("and so it is where two episodes stand in one file: v3.0", async () => {
  await writeJson(join(root, "meta/info.json"), info("v3.0", [3, 2], plainFeatures));
  await writeTable(
    join(root, "meta/tasks.parquet"),
    [
      { name: "task_index", kind: "int64", values: [4, 1] },
      { name: "__index_level_0__", kind: "text", values: ["open", "close"] },
    ],
    10,
  );
  await writeTable(
    join(root, "meta/episodes/chunk-000/file-000.parquet"),
    [
      { name: "episode_index", kind: "int64", values: [0, 1] },
      { name: "length", kind: "int64", values: [3, 2] },
      { name: "data/chunk_index", kind: "int64", values: [0, 0] },
      { name: "data/file_index", kind: "int64", values: [0, 0] },
      { name: "dataset_from_index", kind: "int64", values: [0, 3] },
      { name: "dataset_to_index", kind: "int64", values: [3, 5] },
      {
        name: "tasks",
        kind: "texts",
        values: [
          ["open", "close"],
          ["close", "open"],
        ],
      },
    ],
    10,
  );
  const own = [plainColumns(0, 3), plainColumns(1, 2)];
  const both = own[0]!.map(({ name, kind }, at) => ({ name, kind, values: own.flatMap((part) => part[at]!.values) }));
  const rows = [...both.filter(({ name }) => name !== "task_index"), index(4, 1, 1, 1, 4)];
  await writeTable(join(root, "data/chunk-000/file-000.parquet"), rows, 2);
  const toy = await openDataset(root, everything("toy"));
  expect((await toy.table(0)).tasks).toEqual(["open", "close", "close"]);
  expect((await toy.table(1)).tasks).toEqual(["close", "open"]);
  await toy.close();
});

it("an empty cell is no instruction, and not that of index 0; digits and lists of one are indexes", async () => {
  await writeV2(root, [3, 3, 2], {}, (episode) => {
    if (episode === 0) return [{ name: "task_index", kind: "int64", values: [0, null, 0] }];
    if (episode === 1) return [{ name: "task_index", kind: "text", values: ["0", "1", "0"] }];
    return [{ name: "task_index", kind: "floats", values: [[1], []] }];
  });
  await writeJson(join(root, "meta/tasks.jsonl"), [
    { task_index: 0, task: "open" },
    { task_index: 1, task: "close" },
  ]);
  await writeJson(
    join(root, "meta/episodes.jsonl"),
    [3, 3, 2].map((length, episode_index) => ({ episode_index, length })),
  );
  const toy = await openDataset(root, everything("toy"));
  await expect(toy.table(0)).rejects.toThrow(/expected an index of the task table at frame 1 of episode 0, got null/);
  expect((await toy.table(1)).tasks).toEqual(["open", "close", "open"]);
  await expect(toy.table(2)).rejects.toThrow(/expected an index of the task table at frame 1 of episode 2/);
  await toy.close();
});
