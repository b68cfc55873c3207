import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type GeneratedDataset, generatedValue } from "../dataset/generated.ts";
import { asFound } from "../embodiment/mapping.ts";
import { type MixtureEntry, openMixture } from "../mixture/mixture.ts";
import { Rules } from "../validity/rules.ts";
import { measureNormalization } from "./measure.ts";

const description: Omit<GeneratedDataset, "name"> = {
  robotType: "toy",
  framesPerSecond: 10,
  features: [
    { key: "action", type: "float32", shape: [1], names: null },
    { key: "observation.state", type: "float32", shape: [1], names: null },
  ],
  episodeLengths: [6, 9],
  tasks: ["push"],
  seed: 1,
};
const entry = (name: string, role: MixtureEntry["role"]): MixtureEntry => ({
  name,
  source: { kind: "generated", description },
  episodes: "all",
  mapping: { ...asFound, controlMode: "joint" },
  role,
  weight: null,
  validationRatio: 0.5,
});
const open = (...entries: readonly MixtureEntry[]) =>
  openMixture({ seed: 1, views: [], windows: "every", entries, pictureMemoryBytes: 0 });
const values = (name: string, key: string, episode: number) =>
  Array.from({ length: description.episodeLengths[episode]! }, (_, frame) =>
    generatedValue({ ...description, name }, key, 0, episode)(frame),
  );
const mean = (numbers: readonly number[]) => numbers.reduce((sum, value) => sum + value, 0) / numbers.length;

describe("the statistics of a normalisation group", () => {
  let cache = "";
  beforeAll(async () => {
    cache = await mkdtemp(join(tmpdir(), "armature-statistics-"));
  });
  afterAll(() => rm(cache, { recursive: true }));
  const options = (actionFrame: "absolute" | "delta", rules = Rules.all) => ({
    reading: { rate: "native" as const, actionFrame },
    steps: 4,
    cache,
    rules,
    pastEnd: "nothing" as const,
  });

  it("are those of all its members' frames together", async () => {
    const mixture = await open(entry("a", "train"), entry("b", "train"));
    const found = (await measureNormalization(mixture, options("absolute"))).get("toy / joint")!;
    const all = ["a", "b"].flatMap((name) => [0, 1].flatMap((episode) => values(name, "action", episode)));
    expect(found.action.count).toBe(30);
    expect(found.action.mean[0]).toBeCloseTo(mean(all), 12);
    expect(found.action.std[0]).toBeCloseTo(Math.sqrt(mean(all.map((value) => (value - mean(all)) ** 2))), 12);
    expect([found.action.min[0], found.action.max[0]]).toEqual([Math.min(...all), Math.max(...all)]);
    const sorted = all.toSorted((a, b) => a - b);
    expect(found.action.q01[0]).toBeCloseTo(sorted[0]! + 0.29 * (sorted[1]! - sorted[0]!), 12);
    expect(found.state.mean[0]).toBeCloseTo(
      mean(["a", "b"].flatMap((name) => [0, 1].flatMap((episode) => values(name, "observation.state", episode)))),
      12,
    );
  });

  it("see no held-out episode", async () => {
    const mixture = await open(entry("a", "both"));
    const found = (await measureNormalization(mixture, options("absolute"))).get("toy / joint")!;
    const [episode = -1] = mixture.mixture.members[0]!.train.episodes;
    expect(found.action.mean[0]).toBeCloseTo(mean(values("a", "action", episode)), 12);
  });

  it("of delta actions count every step of every window that lies in the episode, and no other", async () => {
    const mixture = await open({ ...entry("a", "train"), episodes: [0] });
    const found = (await measureNormalization(mixture, options("delta"))).get("toy / joint")!;
    const [actions, states] = [values("a", "action", 0), values("a", "observation.state", 0)];
    const deltas = states.flatMap((state, frame) => actions.slice(frame, frame + 4).map((action) => action - state));
    expect(found.action.count).toBe(4 + 4 + 4 + 3 + 2 + 1);
    expect(found.action.mean[0]).toBeCloseTo(mean(deltas), 12);
    const broken = await measureNormalization(mixture, options("delta", Rules.without("statistics")));
    expect(broken.get("toy / joint")!.action.count).toBe(24);
  });

  it("come from the cache the second time, and anew where the window is another", async () => {
    const mixture = await open(entry("c", "train"));
    const before = (await readdir(cache)).length;
    const first = await measureNormalization(mixture, options("delta"));
    expect((await readdir(cache)).length).toBe(before + 2);
    expect(await measureNormalization(mixture, options("delta"))).toEqual(first);
    expect((await readdir(cache)).length).toBe(before + 2);
    await measureNormalization(mixture, { ...options("delta"), steps: 2 });
    expect((await readdir(cache)).length).toBe(before + 3);
  });
});
