import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type GeneratedDataset, generatedValue } from "../dataset/generated.ts";
import { type FixtureColumn, writeV2 } from "../dataset/testing/small-dataset.ts";
import { asFound } from "../embodiment/mapping.ts";
import { type MixtureEntry, openMixture } from "./mixture.ts";
import type { DatasetSource } from "./source.ts";

let root = "";
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "armature-"));
});
afterEach(async () => await rm(root, { recursive: true, force: true }));

function entry(name: string, source: DatasetSource, changes: Partial<MixtureEntry> = {}): MixtureEntry {
  const mapping = { ...asFound, controlMode: "joint" };
  return { name, source, episodes: "all", mapping, role: "train", weight: null, validationRatio: 0.25, ...changes };
}
const open = (...entries: readonly MixtureEntry[]) =>
  openMixture({ seed: 5, views: [], windows: "every", entries, pictureMemoryBytes: 0 });
const folder = (name: string) => {
  return { kind: "lerobot", location: join(root, name), taskAnnotation: "declared" } as const;
};

describe("an open mixture", () => {
  it("is closed with its datasets: the tables that they keep are let go", async () => {
    await writeV2(join(root, "toy"), [3, 4], {}, () => []);
    const { datasets, close } = await open(entry("toy", folder("toy")));
    await datasets[0]!.table(1);
    await rm(join(root, "toy"), { recursive: true });
    expect((await datasets[0]!.table(1)).length).toBe(4);
    await close();
    await expect(datasets[0]!.table(1)).rejects.toThrow("expected the rows of episode 1, got no such file");
  });

  it("compares episodes of folders alone: what comes from a formula may lie in a folder as well", async () => {
    const { description, rows } = sines();
    const doubles = { action: { dtype: "float64", shape: [2], names: null } };
    const column = (episode: number): FixtureColumn => ({ name: "action", kind: "doubles", values: rows(episode) });
    for (const name of ["copy", "again"]) await writeV2(join(root, name), [4, 5], doubles, (at) => [column(at)]);
    const { datasets, close } = await open(
      entry("sines", { kind: "generated", description }),
      entry("copy", folder("copy")),
    );
    const [fromFormula, fromFolder] = await Promise.all(datasets.map((dataset) => dataset.table(1)));
    expect(fromFolder!.vector("action").cells).toEqual(fromFormula!.vector("action").cells);
    await close();
    // Both in folders, the same numbers are refused.
    const twice = open(entry("copy", folder("copy")), entry("again", folder("again")));
    await expect(twice).rejects.toThrow('datasets "copy" and "again": expected different data, got 2 episodes in both');
  });

  it("cuts idle frames where an entry says so, and counts them; other entries are whole", async () => {
    const still = [0, 0, 0, 0, 0, 0];
    const paths = [
      [0, 0, 0, 1, 2, 2],
      [0, 1, 1, 1, 1, 1],
    ];
    const actions = (episode: number) => (paths[episode] ?? still).map((value) => [value, 0]);
    const column = (at: number): FixtureColumn => ({ name: "action", kind: "floats", values: actions(at) });
    await writeV2(join(root, "cut"), [6, 6, 6], {}, (at) => [column(at)]);
    await writeV2(join(root, "whole"), [4], {}, () => []);
    const cut = entry("cut", folder("cut"), { trimIdle: { below: 0.5, keep: 1 }, episodes: { allBut: [2] } });
    const opened = await open(cut, entry("whole", folder("whole")));
    await opened.close();
    // Frames 2 to 4 of the first episode and 0 to 1 of the second are left.
    const spans = [
      { episode: 0, first: 2, length: 3 },
      { episode: 1, first: 0, length: 2 },
    ];
    expect(opened.mixture.members.map((member) => member.spans)).toEqual([spans, []]);
    expect(opened.trimmed).toEqual([{ frames: 7, of: 12, episodes: 2 }, null]);
    expect(opened.mixture.members.map(({ train }) => train.starts)).toEqual([
      [0, 3, 5],
      [0, 4],
    ]);
    expect(opened.leftOut).toEqual([["1 by the recipe's list (2)"], []]);
  });
});

/** A dataset that comes from a formula, and the actions of its episodes by frame. */
function sines() {
  const episodeLengths = [4, 5];
  const features = [{ key: "action", type: "float64", shape: [2], names: null }];
  const description = { robotType: "toy", framesPerSecond: 10, features, episodeLengths, tasks: ["wave"], seed: 1 };
  const named: GeneratedDataset = { ...description, name: "sines" };
  const rows = (episode: number) => {
    const entries = [0, 1].map((at) => generatedValue(named, "action", at, episode));
    return Array.from({ length: episodeLengths[episode]! }, (_, frame) => entries.map((value) => value(frame)));
  };
  return { description, rows };
}
