import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { writeJson, writeV2 } from "../testing/small-dataset.ts";
import { writeV3 } from "../testing/small-v3.ts";
import { trimmed } from "../trimmed.ts";
import { openDataset } from "./open.ts";

let root = "";
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "armature-episode-value-"));
});
afterAll(() => rm(root, { recursive: true }));

async function valuesIn(folder: string) {
  const choice = { name: "toy", episodes: "all", taskAnnotation: "declared", pictureMemoryBytes: 0 } as const;
  const dataset = await openDataset(folder, choice);
  try {
    const tables = await Promise.all(dataset.episodes.map(({ index }) => dataset.table(index)));
    const cut = await trimmed(dataset, [{ episode: 0, first: 1, length: 2 }]).table(0);
    return { keys: dataset.episodeKeys, values: [...tables, cut].map(({ values }) => Object.fromEntries(values)) };
  } finally {
    await dataset.close();
  }
}

it("numbers that the metadata of v2.1 give an episode are read, true as 1, and nothing else is", async () => {
  const folder = join(root, "v2");
  await writeV2(folder, [4, 3], {}, () => []);
  const line = (index: number, length: number, more: object) => ({
    episode_index: index,
    tasks: ["wave"],
    length,
    ...more,
  });
  const lines = [line(0, 4, { quality: 4, failed: true, by: "hand", parts: [1] }), line(1, 3, { quality: 2.5 })];
  await writeJson(join(folder, "meta/episodes.jsonl"), lines);
  const first = { quality: 4, failed: 1 };
  expect(await valuesIn(folder)).toEqual({ keys: ["quality", "failed"], values: [first, { quality: 2.5 }, first] });
});

it("numbers that the metadata of v3.0 give an episode are read, apart from what says where it lies", async () => {
  const folder = join(root, "v3");
  await writeV3(folder, [4, 3], {}, (columns) => [
    ...columns,
    { name: "quality", kind: "int64", values: [4, 2] },
    { name: "speed", kind: "double", values: [30, Number.NaN] },
    { name: "by", kind: "text", values: ["hand", "hand"] },
    { name: "stats/action/count", kind: "int64", values: [4, 3] },
  ]);
  const first = { quality: 4, speed: 30 };
  expect(await valuesIn(folder)).toEqual({ keys: ["quality", "speed"], values: [first, { quality: 2 }, first] });
});
