import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { writeV2 } from "../dataset/testing/small-dataset.ts";
import { asFound } from "../embodiment/mapping.ts";
import type { EpisodeChoice, OnProblem } from "./leave-out.ts";
import { openMixture } from "./mixture.ts";

let root = "";
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "armature-"));
  // Episode 1 has no number in its last action, episode 3 a task that no table has.
  await writeV2(root, [3, 3, 3, 3, 3], {}, (episode) => {
    const values = [0, 1, episode === 1 ? Number.NaN : 2].map((value) => [value, episode]);
    const task = { name: "task_index", kind: "int64", values: [0, 0, episode === 3 ? 7 : 0] } as const;
    return [{ name: "action", kind: "floats", values }, task];
  });
});
afterEach(async () => await rm(root, { recursive: true }));

async function opened(episodes: EpisodeChoice, onProblem: OnProblem | undefined) {
  const source = { kind: "lerobot", location: root, taskAnnotation: "declared" } as const;
  const mapping = { ...asFound, controlMode: "ee" };
  const entry = { name: "toy", source, episodes, mapping, role: "train", weight: null, validationRatio: 0.5 } as const;
  const how = { seed: 1, views: [], windows: "every", entries: [entry], pictureMemoryBytes: 0 } as const;
  const { mixture, datasets, leftOut, close } = await openMixture({ ...how, onProblem });
  await close();
  return { used: mixture.members[0]!.train.episodes, known: datasets[0]!.episodes.length, leftOut: leftOut[0] };
}

describe("episodes are left out", () => {
  it("by a list, with their count and numbers", async () => {
    const leftOut = ["2 by the recipe's list (0, 2)"];
    expect(await opened({ allBut: [0, 2] }, undefined)).toEqual({ used: [1, 3, 4], known: 3, leftOut });
  });

  it("where something is wrong with them and the recipe says so, with the first reason; others stay", async () => {
    const { used, leftOut } = await opened("all", "leave out");
    expect(used).toEqual([0, 2, 4]);
    expect(leftOut).toEqual([
      expect.stringMatching(
        /^2 with problems \(1, 3\), the first: .*expected a finite number at frame 2 of episode 1, entry 0, got NaN$/,
      ),
    ]);
  });

  it("by no one's choice where the recipe says nothing", async () => {
    expect(await opened("all", undefined)).toEqual({ used: [0, 1, 2, 3, 4], known: 5, leftOut: [] });
  });

  it("but not all of them", async () => {
    await expect(opened({ allBut: [0, 1, 2, 3, 4] }, undefined)).rejects.toThrow(
      /expected episodes that are not left out, got none$/,
    );
    await expect(opened([1, 3], "leave out")).rejects.toThrow(/got none: .*expected a finite number/);
  });
});
