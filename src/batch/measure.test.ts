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

  it("of the same files are measured anew where other episodes train, another column is read, or actions are others", async () => {
    const means = async (changes: Partial<MixtureEntry>, actionFrame: "absolute" | "delta" = "absolute") => {
      const mixture = await open({ ...entry("d", "train"), ...changes });
      const found = (await measureNormalization(mixture, options(actionFrame))).get("toy / joint")!;
      return { action: found.action.mean[0]!, state: found.state.mean[0]!, open: mixture.mixture };
    };
    const of = (key: string, episodes: readonly number[]) =>
      mean(episodes.flatMap((episode) => values("d", key, episode)));
    const whole = await means({});
    expect(whole.action).toBeCloseTo(of("action", [0, 1]), 12);
    expect(whole.state).toBeCloseTo(of("observation.state", [0, 1]), 12);
    // The dataset and its files are the same: that one of them is held out must not find the statistics of both.
    const split = await means({ role: "both" });
    const kept = split.open.members[0]!.train.episodes;
    expect(kept).toHaveLength(1);
    expect(split.action).toBeCloseTo(of("action", kept), 12);
    expect(split.state).toBeCloseTo(of("observation.state", kept), 12);
    const swapped = {
      ...asFound,
      controlMode: "joint",
      action: [{ key: "observation.state", entries: "all" }],
      dofs: whole.open.members[0]!.embodiment.dofs,
    } as const;
    expect((await means({ mapping: swapped })).action).toBeCloseTo(of("observation.state", [0, 1]), 12);
    const { dofs, states } = whole.open.members[0]!.embodiment;
    const absolute = { ...asFound, controlMode: "joint", dofs: dofs.map((dof) => ({ ...dof, state: null })), states };
    expect((await means({ mapping: absolute })).state).toBe(whole.state);
    const inDegrees = { ...absolute, states: states.map((one) => ({ ...one, unit: "rad", recordedIn: "deg" })) };
    expect((await means({ mapping: inDegrees })).state).toBeCloseTo((whole.state * Math.PI) / 180, 12);
    const relative = await means({}, "delta");
    const deltas = [0, 1].flatMap((episode) =>
      values("d", "observation.state", episode).flatMap((state, frame) =>
        values("d", "action", episode)
          .slice(frame, frame + 4)
          .map((action) => action - state),
      ),
    );
    expect(relative.action).toBeCloseTo(mean(deltas), 12);
    expect(relative.state).toBe(whole.state);
    // Of other numbers under the same name.
    const reseeded = { kind: "generated", description: { ...description, seed: 2 } } as const;
    expect((await means({ source: reseeded })).action).not.toBeCloseTo(whole.action, 6);
  });

  it("of delta actions at another rate, and of another robot's gripper, are not those from the cache", async () => {
    const mixture = await open(entry("e", "train"));
    const at = async (rate: number | "native", from = mixture) =>
      (await measureNormalization(from, { ...options("delta"), reading: { rate, actionFrame: "delta" } })).get(
        "toy / joint",
      )!.action;
    const [native, fast] = [await at("native"), await at(20)];
    // Of two steps per frame four reach 1.5 frames: the last frame has one step, the one before it three.
    expect(native.count).toBe(4 * 3 + 3 + 2 + 1 + (4 * 6 + 3 + 2 + 1));
    expect(fast.count).toBe(4 * 4 + 3 + 1 + (4 * 7 + 3 + 1));
    const [dof] = mixture.mixture.members[0]!.embodiment.dofs;
    const gripper = { ...dof!, kind: "gripper", state: null } as const;
    const gripping = await open({
      ...entry("e", "train"),
      mapping: { ...asFound, controlMode: "joint", dofs: [gripper] },
    });
    const all = [0, 1].flatMap((episode) =>
      values("e", "action", episode).flatMap((_, frame) => values("e", "action", episode).slice(frame, frame + 4)),
    );
    expect((await at("native", gripping)).mean[0]).toBeCloseTo(mean(all), 12);
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
