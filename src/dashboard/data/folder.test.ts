import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { cacheFolder } from "../../cache-folder.ts";
import { plainColumns, writeV2 } from "../../dataset/testing/small-dataset.ts";
import { asFound } from "../../embodiment/mapping.ts";
import { awkwardRecipe, plainRecipe } from "../../recipe/testing/awkward-recipe.ts";
import { inspection } from "./inspection.ts";
import { dataJson } from "./listing.ts";
import { type OpenData, openData } from "./open-data.ts";
import { dataSubjectAt } from "./subject.ts";
import { datasetSummary } from "./summary.ts";

let root = "";
const opened: OpenData[] = [];
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "armature-shown-"));
  await writeV2(join(root, "whole"), [3, 5], {}, () => []);
  await writeV2(join(root, "torn"), [4, 4, 4], {}, (episode) => {
    const [action, ...others] = plainColumns(episode, 4);
    const values = [
      [0, 0],
      [1, 0],
      [Number.NaN, 0],
      [3, 0],
    ];
    return episode === 1 ? [{ ...action!, values }, ...others] : [];
  });
});
afterAll(async () => {
  for (const data of opened) await data.close();
  await rm(root, { recursive: true });
});

async function openAt(path: string): Promise<OpenData> {
  const data = await openData(await dataSubjectAt(path), cacheFolder("statistics"));
  opened.push(data);
  return data;
}

describe("a dataset that is given by its folder", () => {
  it("is read as the recipe for it would", async () => {
    const { problem, datasets } = dataJson(await openAt(join(root, "whole")));
    expect(problem).toBeNull();
    expect(datasets).toHaveLength(1);
    expect(datasets[0]).toMatchObject({ name: "whole", framesPerSecond: 10, rows: 8, canNormalize: true, states: [] });
    expect(datasets[0]!.dofs.map(({ name }) => name)).toEqual(["x", "y"]);
    // One of two episodes is held out.
    expect(datasets[0]!.episodes.map(({ side }) => side).sort()).toEqual(["held out", "train"]);
  });

  it("has its numbers counted over all its rows", async () => {
    const open = await openAt(join(root, "whole"));
    const { actions, rows, tasks, episodes } = await datasetSummary(open, open.datasets[0]!, "raw");
    expect({ rows, tasks, episodes }).toEqual({
      rows: 8,
      tasks: [{ text: "wave", rows: 8 }],
      episodes: { read: 2, of: 2 },
    });
    // x is the row: 0 1 2 and 0 1 2 3 4.
    expect(actions[0]).toMatchObject({ mean: 1.625, min: 0, max: 4 });
    const filled = actions[0]!.histogram.flatMap((count, bin) => (count === 0 ? [] : [[bin, count]]));
    expect(filled).toEqual([
      [0, 2],
      [10, 2],
      [20, 2],
      [30, 1],
      [39, 1],
    ]);
    // y is the episode.
    expect(actions[1]).toMatchObject({ mean: 0.625, std: Math.sqrt(0.625 * 0.375) });
  });

  it("has problems with the row that they are about", async () => {
    const open = await openAt(join(root, "torn"));
    const { problems } = await inspection(open.datasets[0]!);
    expect(problems.map(({ code, episode, row }) => ({ code, episode, row }))).toEqual([
      { code: "not-finite", episode: 1, row: 2 },
    ]);
    const { episodes, listedEpisodes } = dataJson(open).datasets[0]!;
    expect(episodes.map(({ episode }) => episode)).toEqual([0, 2]);
    expect(listedEpisodes).toBe(3);
  });

  it("is nothing where there is no dataset", async () => {
    await expect(dataSubjectAt(root)).rejects.toThrow(
      "expected a run (a folder with recipe.json) or a LeRobot dataset",
    );
  });
});

it("shows the datasets that can be read where another keeps the recipe from training", async () => {
  const entry = (name: string) => ({
    name,
    source: { kind: "lerobot", location: name, taskAnnotation: "declared" } as const,
    episodes: "all" as const,
    role: "both" as const,
    weight: 1,
    mapping: { ...asFound, controlMode: "joint" },
  });
  const plain = plainRecipe([entry("whole"), entry("gone"), entry("torn")], []);
  const recipe = {
    ...plain,
    data: { ...plain.data, root },
    policy: { ...plain.policy, promptTokens: awkwardRecipe.policy.promptTokens },
  };
  const open = await openData({ kind: "recipe", recipe, manifest: null }, cacheFolder("statistics"));
  opened.push(open);
  expect(open.problem).toContain("gone");
  const [whole, gone, torn] = dataJson(open).datasets;
  expect(whole).toMatchObject({ rows: 8, canNormalize: true, problem: null });
  expect(gone).toMatchObject({ rows: 0, canNormalize: false });
  expect(gone!.problem).toContain("gone");
  expect(torn).toMatchObject({ rows: 12, canNormalize: false });
  expect(torn!.problem).toContain("expected a finite number at frame 2 of episode 1");
  const { unreadable, episodes } = await datasetSummary(open, open.datasets[2]!, "raw");
  expect(episodes).toEqual({ read: 2, of: 3 });
  expect(unreadable.map(({ episode }) => episode)).toEqual([1]);
});
