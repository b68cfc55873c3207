import { cp, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type FixtureColumn, writeV2 } from "../dataset/testing/small-dataset.ts";
import { asFound } from "../embodiment/mapping.ts";
import type { RepeatedEpisodes } from "./copies.ts";
import { openMixture } from "./mixture.ts";

let root = "";
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "armature-"));
});
afterEach(async () => await rm(root, { recursive: true }));

/** Opens folders below `root`, each under its own name, every fourth episode held out. */
async function open(folders: readonly string[], repeatedEpisodes?: RepeatedEpisodes): Promise<number> {
  const entries = folders.map((name) => ({
    name,
    source: { kind: "lerobot", location: join(root, name), taskAnnotation: "declared" } as const,
    episodes: "all" as const,
    mapping: { ...asFound, controlMode: "joint" },
    role: "both" as const,
    weight: 1,
    validationRatio: 0.25,
  }));
  const opened = await openMixture({
    seed: 5,
    views: [],
    windows: "every",
    entries,
    pictureMemoryBytes: 0,
    repeatedEpisodes,
  });
  await opened.close();
  return opened.mixture.members.length;
}

const write = async (name: string, lengths: readonly number[], action: (episode: number, frame: number) => number[]) =>
  await writeV2(join(root, name), lengths, {}, (episode): FixtureColumn[] => {
    const values = Array.from({ length: lengths[episode]! }, (_, frame) => action(episode, frame));
    return [{ name: "action", kind: "floats", values }];
  });

describe("episodes that lie in two folders", () => {
  it("are refused where a folder was copied, with both folders, and allowed where the recipe says so", async () => {
    await write("first", [4, 5, 6], (episode, frame) => [frame, episode]);
    await cp(join(root, "first"), join(root, "second"), { recursive: true });
    const problem = open(["first", "second"]);
    await expect(problem).rejects.toThrow(
      /datasets "first" and "second": .* got 3 episodes in both, first episode 0 of/,
    );
    await expect(problem).rejects.toThrow(
      `0 of ${join(root, "first")} as episode 0 of ${join(root, "second")}, and what one holds out the other would train on`,
    );
    await expect(problem).rejects.toThrow('data.repeatedEpisodes: "allow"');
    expect(await open(["first", "second"], "allow")).toBe(2);
  });

  it("are found under other numbers, where datasets were merged", async () => {
    await write("own", [4, 5], (episode, frame) => [frame, 10 + episode]);
    await write("merged", [5, 4, 5], (episode, frame) => [frame, episode === 2 ? 11 : episode]);
    await expect(open(["own", "merged"])).rejects.toThrow(
      /got 1 episodes in both, first episode 1 of .*own as episode 2 of/,
    );
  });

  it("are found within one folder, where a dataset was merged with itself, with the numbers to leave out", async () => {
    // Episodes 3 and 4 are 0 and 1 again; 2 is as long as 1 and another one.
    const same = [0, 1, 2, 0, 1];
    await write("doubled", [4, 5, 5, 4, 5], (episode, frame) => [frame, same[episode]!]);
    const problem = open(["doubled"]);
    await expect(problem).rejects.toThrow(
      /dataset "doubled": .* got the numbers of 2 again under another index, first episode 0 as episode 3/,
    );
    await expect(problem).rejects.toThrow("leave the copies out by episodes: { allBut: [3, 4] }");
    expect(await open(["doubled"], "allow")).toBe(1);
  });

  it("are not those that only last as long, or differ in their last row, or in which nothing moves", async () => {
    await write("still", [4, 5], (episode, frame) => (episode === 0 ? [1, 1] : [frame, 1]));
    await write("other", [4, 5], (episode, frame) => (episode === 0 ? [1, 1] : [frame === 4 ? 9 : frame, 1]));
    expect(await open(["still", "other"])).toBe(2);
  });
});
