import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Reading } from "../batch/example.ts";
import { BatchMaker } from "../batch/maker.ts";
import { measureNormalization } from "../batch/measure.ts";
import { writeV2 } from "../dataset/testing/small-dataset.ts";
import { asFound } from "../embodiment/mapping.ts";
import type { TrimIdle } from "../mixture/idle.ts";
import { type MixtureEntry, openMixture } from "../mixture/mixture.ts";
import { Rules } from "../validity/rules.ts";
import { Recordings } from "./recording.ts";

const moving = [
  [0, 0, 0, 1, 2, 3, 3, 3],
  [0, 2, 4, 4],
];
let [root, cache] = ["", ""];
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "armature-"));
  cache = await mkdtemp(join(tmpdir(), "armature-"));
  await writeV2(root, [8, 4, 5], {}, (episode) => {
    const values = (moving[episode] ?? [1, 1, 1, 1, 1]).map((value) => [value, 0]);
    return [{ name: "action", kind: "floats", values }];
  });
});
afterAll(() => Promise.all([root, cache].map((folder) => rm(folder, { recursive: true }))));

const halfKeepOne: TrimIdle = { below: 0.5, keep: 1 };

function open(trimIdle: TrimIdle | undefined, changes: Partial<MixtureEntry> = {}, onProblem?: "leave out") {
  const entry: MixtureEntry = {
    name: "toy",
    source: { kind: "lerobot", location: root, taskAnnotation: "declared" },
    episodes: [0, 1],
    trimIdle,
    mapping: { ...asFound, controlMode: "joint" },
    role: "train",
    weight: null,
    validationRatio: 0.5,
    ...changes,
  };
  return openMixture({ seed: 1, views: [], windows: "every", entries: [entry], pictureMemoryBytes: 0, onProblem });
}

/** Of episodes that move from frame 2 to 5 of 8 and from 0 to 2 of 4, by hand. */
describe("episodes without their idle ends", () => {
  it("have as many frames as are left, said with what was trimmed", async () => {
    const opened = await open(halfKeepOne);
    await opened.close();
    expect(opened.mixture.members[0]!.train).toEqual({ episodes: [0, 1], starts: [0, 4, 7] });
    expect(opened.trimmed).toEqual([{ frames: 5, of: 12, episodes: 2 }]);
    const whole = await open(undefined);
    await whole.close();
    expect(whole.mixture.members[0]!.train.starts).toEqual([0, 8, 12]);
    expect(whole.trimmed).toEqual([null]);
  });

  it("are what statistics are of, also where those of the whole episodes are in the cache", async () => {
    const reading = { rate: "native", actionFrame: "absolute" } as const;
    const of = async (trimIdle: TrimIdle | undefined) => {
      const opened = await open(trimIdle);
      const options = { reading, steps: 2, cache, rules: Rules.all, pastEnd: "nothing" } as const;
      const found = (await measureNormalization(opened, options)).get("toy / joint")!;
      await opened.close();
      return [found.action.count, found.action.mean[0]];
    };
    expect(await of(undefined)).toEqual([12, expect.closeTo(22 / 12, 12)]);
    expect(await of(halfKeepOne)).toEqual([7, expect.closeTo(12 / 7, 12)]);
    expect(await of({ below: 0.5, keep: 2 })).toEqual([10, expect.closeTo(19 / 10, 12)]);
  });

  it("are what a worker reads: frames are counted from the first that is left, and the end is the last", async () => {
    const opened = await open(halfKeepOne);
    const unit = { mode: "identity", center: new Float64Array(2), scale: new Float64Array(2).fill(1) } as const;
    const none = { mode: "identity", center: new Float64Array(), scale: new Float64Array() } as const;
    const reading: Reading = {
      rate: "native",
      interval: 1,
      historyDropout: 0,
      responseDropout: 0,
      actionFrame: "absolute",
      pastEnd: "nothing",
      prompt: "task",
      letterbox: "antialiased-centred",
      longPrompt: "refuse",
      augmentation: "none",
    };
    const maker = await BatchMaker.open({
      seed: 1,
      members: opened.mixture.members,
      units: [{ action: unit, state: none }],
      reading,
      tokenizer: "bytes",
      answers: null,
      pictureMemoryBytes: 0,
    });
    await opened.close();
    const sizes = {
      actionWidth: 2,
      stateWidth: 1,
      views: 0,
      observations: 1,
      tokens: 8,
      responseTokens: 0,
      actionTokens: 0,
      pictureSize: 8,
    };
    const draws = [0, 2, 3].map((frame) => ({ member: 0, episode: 0, frame, draw: 0 }));
    const batch = await maker.make({ purpose: "train", layout: { rows: 3, steps: 3, ...sizes }, draws });
    await maker.close();
    const steps = batch.facts.stepReal;
    expect([...Array(9).keys()].map((cell) => steps.isReal(cell))).toEqual([
      ...[true, true, true],
      ...[true, true, false],
      ...[true, false, false],
    ]);
    const values = batch.actions.read(({ cells }, valid) =>
      [...Array(9).keys()].map((step) => (valid.isReal(2 * step) ? cells[2 * step] : null)),
    );
    expect(values).toEqual([0, 1, 2, 2, 3, null, 3, null, null]);
  });

  it("are what errors of actions are measured against", async () => {
    const opened = await open(halfKeepOne, { role: "both" });
    await opened.close();
    const { members } = opened.mixture;
    const [episode = -1] = members[0]!.validation.episodes;
    const recordings = await Recordings.open(members);
    const last = episode === 0 ? 3 : 2;
    const found = await recordings.at({ member: 0, episode, frame: last, draw: 0 }, { steps: 2, rate: "native" });
    await recordings.close();
    const seen = found!.actions.read(({ cells }, valid) => [cells[0], valid.isReal(0), valid.isReal(1)]);
    expect(seen).toEqual([episode === 0 ? 3 : 4, true, false]);
  });

  it("are refused where one of them never moves, or left out where the recipe says so", async () => {
    await expect(open(halfKeepOne, { episodes: "all" })).rejects.toThrow(
      'dataset "toy": expected episodes that move by more than trimIdle.below, got episode 2 in which nothing does',
    );
    const opened = await open(halfKeepOne, { episodes: "all" }, "leave out");
    await opened.close();
    expect(opened.mixture.members[0]!.train.episodes).toEqual([0, 1]);
    expect(opened.leftOut[0]).toEqual([expect.stringMatching(/^1 with problems \(2\), the first: .*in which nothing/)]);
  });
});
