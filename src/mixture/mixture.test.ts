import { mkdtemp, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { Feature } from "../dataset/dataset.ts";
import { writeV2 } from "../dataset/testing/small-dataset.ts";
import { asFound } from "../embodiment/mapping.ts";
import { frameCount } from "./frames.ts";
import { type MixtureDescription, type MixtureEntry, openMixture } from "./mixture.ts";
import { draw } from "./sampler.ts";
import { microBatches, validationDraws } from "./validation.ts";

const vector = (key: string, size: number): Feature => ({ key, type: "float32", shape: [size], names: null });

function entry(name: string, robotType: string, dofs: number, episodeLengths: readonly number[]): MixtureEntry {
  const features = [vector("action", dofs), vector("observation.state", dofs)];
  const description = { robotType, framesPerSecond: 10, features, episodeLengths, tasks: ["push"], seed: 1 };
  return {
    name,
    source: { kind: "generated", description },
    episodes: "all",
    mapping: { ...asFound, controlMode: "joint" },
    role: "both",
    weight: null,
    validationRatio: 0.25,
  };
}

const describeMixture = (...entries: readonly MixtureEntry[]): MixtureDescription => ({
  seed: 5,
  views: ["base"],
  windows: "every",
  entries,
  pictureMemoryBytes: 0,
});
const open = async (...entries: readonly MixtureEntry[]) => (await openMixture(describeMixture(...entries))).mixture;
const pusht = entry("pusht", "unknown", 2, [10, 10, 10, 10]);
const gr1 = entry("gr1", "gr1", 44, [100, 60]);

describe("a mixture", () => {
  it("shares draws by training frames where no weight is given, else by weight", async () => {
    const byFrames = await open({ ...pusht, role: "train" }, { ...gr1, role: "train" });
    expect(byFrames.members.map((member) => member.share)).toEqual([0.2, 0.8]);
    const byWeight = await open({ ...pusht, weight: 3 }, { ...gr1, weight: 1 });
    expect(byWeight.members.map((member) => member.share)).toEqual([0.75, 0.25]);
  });

  it("keeps held-out episodes out of training, whole", async () => {
    const { members } = await open(pusht, gr1);
    for (const { train, validation } of members) {
      expect(train.episodes.filter((episode) => validation.episodes.includes(episode))).toEqual([]);
      expect(validation.episodes).toHaveLength(1);
    }
    const [first] = members;
    expect([frameCount(first!.train), frameCount(first!.validation)]).toEqual([30, 10]);
    const drawn = new Set(
      Array.from({ length: 200 }, (_, n) => draw(5, members, n)).map((d) => `${d.member} ${d.episode}`),
    );
    for (const [at, { validation }] of members.entries())
      expect(drawn.has(`${at} ${validation.episodes[0]}`)).toBe(false);
  });

  it("gives roles their sides; what is held out has no share", async () => {
    const { members } = await open({ ...pusht, role: "validation" }, { ...gr1, role: "train" });
    expect(members.map(({ train, validation }) => [frameCount(train), frameCount(validation)])).toEqual([
      [0, 40],
      [160, 0],
    ]);
    expect(members.map((member) => member.share)).toEqual([0, 1]);
  });

  it("knows two control modes of one dataset apart: two groups of metrics, two of normalisation, one dataset", async () => {
    const mixture = await open(
      { ...pusht, episodes: [0, 1] },
      { ...pusht, episodes: [2, 3], mapping: { ...asFound, controlMode: "ee" } },
    );
    expect([mixture.datasets, mixture.controlModes, mixture.normalizationGroups.map((group) => group.name)]).toEqual([
      ["pusht"],
      ["joint", "ee"],
      ["dataset pusht / joint", "dataset pusht / ee"],
    ]);
    expect(
      mixture.members.map(({ dataset, controlMode, normalizationGroup }) => [dataset, controlMode, normalizationGroup]),
    ).toEqual([
      [0, 0, 0],
      [0, 1, 1],
    ]);
  });

  it("shares a normalisation group between datasets of one robot and control mode", async () => {
    const mixture = await open(gr1, { ...entry("more gr1", "gr1", 44, [5, 5]) });
    expect(mixture.normalizationGroups).toEqual([{ name: "gr1 / joint", members: [0, 1] }]);
  });

  it("reports every problem of every entry at once", async () => {
    const opening = open(
      { ...pusht, weight: -1 },
      { ...gr1, episodes: [0, 7] },
      { ...entry("lone", "x", 2, [4]) },
      {
        ...entry("no-column", "x", 2, [4, 4]),
        mapping: { ...asFound, controlMode: "joint", action: [{ key: "torque", entries: "all" }] },
      },
    );
    for (const problem of [
      /expected a weight in all entries or in none, got 1 of 4/,
      /"pusht": expected a weight above 0, got -1/,
      /"gr1": expected episodes 7/,
      /"lone": expected two episodes or more/,
      /"no-column": expected a numeric column "torque"/,
    ])
      await expect(opening).rejects.toThrow(problem);
  });

  it("refuses an episode in two entries, and two entries that provenance cannot tell apart", async () => {
    await expect(open({ ...pusht, episodes: [0, 1] }, { ...pusht, episodes: [1, 2] })).rejects.toThrow(
      /1 episodes stand in two entries, first 1/,
    );
    await expect(open({ ...pusht, episodes: [0, 1] }, { ...pusht, episodes: [2, 3] })).rejects.toThrow(
      /"pusht \/ joint": listed twice for the same side/,
    );
    const apart = open(
      { ...pusht, episodes: [0, 1], role: "train" },
      { ...pusht, episodes: [2, 3], role: "validation" },
    );
    expect((await apart).members).toHaveLength(2);
  });

  it("refuses one folder under two names: an episode of it could be held out and trained on", async () => {
    const root = await mkdtemp(join(tmpdir(), "armature-"));
    const [folder, link] = [join(root, "toy"), join(root, "link")];
    await writeV2(folder, [3, 3, 3], {}, () => []);
    await symlink(folder, link);
    const listed = (name: string, location: string, episodes: "all" | number[]): MixtureEntry => ({
      ...pusht,
      name,
      source: { kind: "lerobot", location, taskAnnotation: "declared" },
      episodes,
      role: "train",
    });
    await expect(open(listed("one", folder, "all"), listed("other", link, [1, 2]))).rejects.toThrow(
      /datasets "one" and "other": expected different data, got .*toy for both, with 2 of its episodes in each, first 1/,
    );
    expect((await open(listed("one", folder, [0]), listed("other", link, [1, 2]))).members).toHaveLength(2);
    await rm(root, { recursive: true });
  });

  it("opens the datasets of its members in their order, each under its name, and says where each comes from", async () => {
    const root = await mkdtemp(join(tmpdir(), "armature-"));
    await writeV2(root, [3, 3], {}, () => []);
    const source = { kind: "lerobot", location: root, taskAnnotation: "declared" } as const;
    const opened = await openMixture(describeMixture(gr1, { ...pusht, name: "toy", source }));
    expect(opened.datasets.map(({ name }) => name)).toEqual(["gr1", "toy"]);
    expect(opened.mixture.members.map((member) => member.source)).toEqual([gr1.source, source]);
    await opened.close();
    await rm(root, { recursive: true });
  });

  it.each([
    ["every", [10, 10], 20],
    // Three steps past the first, at the robot's own ten frames a second.
    [{ steps: 4, rate: "native" }, [10, 10], 14],
    // Three steps of a fifth of a second are six frames; two of a thirtieth of one are less than one.
    [{ steps: 4, rate: 5 }, [10, 10], 8],
    [{ steps: 3, rate: 30 }, [10, 10], 18],
    [{ steps: 1, rate: 5 }, [10, 10], 20],
    // Seven steps of one frame each.
    [{ steps: 8, rate: 10 }, [10, 8], 4],
  ] as const)("trains on the frames whose window %o ends inside their episode", async (windows, lengths, frames) => {
    const toy = { ...entry("toy", "unknown", 2, lengths), role: "train" } as const;
    const { mixture } = await openMixture({ ...describeMixture(toy), windows });
    expect(frameCount(mixture.members[0]!.train)).toBe(frames);
  });

  it("gives no share to a member none of whose windows ends inside an episode, whatever its weight", async () => {
    const short = { ...entry("short", "unknown", 2, [3, 3]), role: "train", weight: 3 } as const;
    const long = { ...pusht, role: "train", weight: 1 } as const;
    const windows = { steps: 5, rate: "native" } as const;
    const { mixture } = await openMixture({ ...describeMixture(short, long), windows });
    expect(mixture.members.map(({ share }) => share)).toEqual([0, 1]);
    await expect(openMixture({ ...describeMixture(short, short), entries: [short], windows })).rejects.toThrow(
      "mixture: expected frames to train on, got none in 1 entries",
    );
  });

  it("refuses no dataset at all, a weight of nothing, one for what is held out, and two sources under one name", async () => {
    await expect(open()).rejects.toThrow("mixture: expected at least one dataset, got none");
    await expect(open({ ...pusht, weight: 0 })).rejects.toThrow('"pusht": expected a weight above 0, got 0');
    const held = { ...gr1, role: "validation" } as const;
    await expect(open({ ...pusht, weight: 1 }, { ...held, weight: 2 })).rejects.toThrow(
      'dataset "gr1": held out, so expected no weight, got 2; set it to null',
    );
    expect((await open({ ...pusht, weight: 1 }, held)).members.map(({ share }) => share)).toEqual([1, 0]);
    const other = { ...pusht, source: gr1.source };
    await expect(open(pusht, other)).rejects.toThrow('"pusht": expected one source for a name, got 2; give them');
  });

  it("refuses two entries that train on one dataset under one control mode, whatever is held out", async () => {
    const twice = open({ ...pusht, episodes: [0, 1], role: "train" }, { ...pusht, episodes: [2, 3], role: "train" });
    await expect(twice).rejects.toThrow(/"pusht \/ joint": listed twice for the same side/);
  });

  it("refuses an action width that differs inside a normalisation group", async () => {
    await expect(open(gr1, entry("narrow", "gr1", 26, [5, 5]))).rejects.toThrow(
      /normalisation group "gr1 \/ joint": expected one action width, got "gr1" has 44, "narrow" has 26/,
    );
  });
});

describe("validation", () => {
  it("goes by dataset and control mode, in whatever order they are listed", async () => {
    const held = (own: MixtureEntry, controlMode: string, episodes: "all" | number[]): MixtureEntry => {
      return { ...own, role: "validation", episodes, mapping: { ...asFound, controlMode } };
    };
    const mixture = await open(
      { ...pusht, name: "first", role: "train" },
      held(gr1, "ee", [0]),
      held(entry("last", "other", 3, [4, 4]), "joint", "all"),
      held(gr1, "joint", [1]),
    );
    expect([mixture.datasets, mixture.controlModes]).toEqual([
      ["first", "gr1", "last"],
      ["joint", "ee"],
    ]);
    expect([...new Set(validationDraws(mixture, 2).map(({ member }) => member))]).toEqual([3, 1, 2]);
  });

  it("walks the held-out frames in an order that nothing else changes, in whole micro-batches", async () => {
    const mixture = await open(pusht, { ...gr1, role: "validation" });
    const draws = validationDraws(mixture, "all");
    expect(draws).toHaveLength(170);
    expect(draws[0]).toEqual({ member: 0, episode: mixture.members[0]!.validation.episodes[0], frame: 0, draw: 0 });
    expect(draws[169]).toEqual({ member: 1, episode: 1, frame: 59, draw: 0 });
    expect(microBatches(draws, 16).map((batch) => batch.length)).toEqual([...Array(10).fill(16), 10]);
    expect(microBatches(draws, 16).flat()).toEqual(draws);
  });

  it("takes frames evenly where it is limited, and never one twice", async () => {
    const mixture = await open(pusht, { ...gr1, role: "validation" });
    const some = validationDraws(mixture, 20);
    expect(some.filter((one) => one.member === 0)).toHaveLength(10);
    expect(some.filter((one) => one.member === 1).map((one) => 100 * one.episode + one.frame)).toEqual(
      Array.from({ length: 20 }, (_, at) => 8 * at + 4),
    );
  });
});
