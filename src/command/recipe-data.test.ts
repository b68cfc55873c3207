import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { writeV2 } from "../dataset/testing/small-dataset.ts";
import type { Recipe } from "../recipe/schema.ts";
import { recipe } from "../recipe/testing/recipe.ts";
import { dataLine } from "./data-line.ts";
import { recipeData } from "./recipe-data.ts";

let root = "";
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "armature-"));
  vi.stubEnv("ARMATURE_CACHE", join(root, "cache"));
  // The first episode rests in its first three frames and its last two, the second never rests.
  await writeV2(join(root, "toy"), [6, 3], {}, (episode) => {
    const x = episode === 0 ? [1, 1, 1, 2, 3, 3] : [1, 2, 3];
    return [{ name: "action", kind: "floats", values: x.map((value) => [value, episode]) }];
  });
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await rm(root, { recursive: true });
});

it("what a recipe trims is said of its dataset, with its count", async () => {
  const trimming = (keep: number): Recipe => ({
    ...recipe,
    data: {
      ...recipe.data,
      root,
      actions: "absolute",
      datasets: [
        {
          name: "toy",
          source: { kind: "lerobot", location: "toy", taskAnnotation: "declared" },
          episodes: "all",
          trimIdle: { below: 0.5, keep },
          role: "train",
          weight: 1,
          mapping: { ...recipe.data.datasets[0]!.mapping, controlMode: "joint", prompt: { kind: "fixed", text: "go" } },
        },
      ],
    },
    optimizer: { ...recipe.optimizer, frozen: [] },
    policy: { ...recipe.policy, views: [], actionWidth: 2, stateWidth: 1, promptTokens: 8 },
  });
  const said = async (keep: number) => (await recipeData(trimming(keep))).data.map((one) => dataLine(one, "absolute"));
  expect(await said(1)).toEqual([
    expect.stringContaining(
      "2 of 2 episodes: 2 to train on (6 frames); 3 of 9 frames trimmed (idle at the ends of 1 episode);",
    ),
  ]);
  expect(await said(3)).toEqual([
    expect.stringContaining("(9 frames); 0 of 9 frames trimmed (idle at the ends of 0 episodes);"),
  ]);
});
