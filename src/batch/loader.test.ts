import { afterEach, describe, expect, it } from "vitest";
import type { Feature } from "../dataset/dataset.ts";
import { usualAugmentation } from "../embodiment/augment.ts";
import { asFound } from "../embodiment/mapping.ts";
import { expectSameBits } from "../graph/testing/bits.ts";
import { InputError } from "../input-error.ts";
import { type Mixture, type MixtureEntry, openMixture } from "../mixture/mixture.ts";
import type { Batch } from "./batch.ts";
import type { BatchLayout } from "./layout.ts";
import { Loader } from "./loader.ts";
import type { BatchRequest, LoadPlan } from "./maker.ts";
import { stepRequests, validationRequests } from "./request.ts";

const layout: BatchLayout = {
  rows: 4,
  steps: 5,
  actionWidth: 6,
  stateWidth: 6,
  views: 1,
  observations: 2,
  tokens: 8,
  responseTokens: 0,
  actionTokens: 0,
  pictureSize: 8,
};
const vector = (key: string, size: number): Feature => ({ key, type: "float32", shape: [size], names: null });
const camera: Feature = { key: "observation.images.top", type: "video", shape: [6, 8, 3], names: null };

function entry(name: string, dofs: number, features: readonly Feature[]): MixtureEntry {
  const numbers = [vector("action", dofs), vector("observation.state", dofs)];
  const description = {
    robotType: name,
    framesPerSecond: 10,
    features: [...numbers, ...features],
    episodeLengths: [12, 9, 15],
    tasks: ["push"],
    seed: 1,
  };
  return {
    name,
    source: { kind: "generated", description },
    episodes: "all",
    mapping: { ...asFound, controlMode: "joint", cameras: features.includes(camera) ? { base: camera.key } : {} },
    role: "both",
    weight: null,
    validationRatio: 0.3,
  };
}

async function mixed(): Promise<{ mixture: Mixture; plan: LoadPlan }> {
  const entries = [entry("arm", 6, [camera]), entry("pusher", 2, [])];
  const { mixture } = await openMixture({ seed: 9, views: ["base"], windows: "every", entries, pictureMemoryBytes: 0 });
  const unit = (size: number) => ({
    mode: "mean-std" as const,
    center: new Float64Array(size).fill(0.1),
    scale: new Float64Array(size).fill(2),
  });
  const units = mixture.members.map(({ embodiment }) => ({
    action: unit(embodiment.dofs.length),
    state: unit(embodiment.states.length),
  }));
  const plan: LoadPlan = {
    seed: 9,
    members: mixture.members,
    units,
    reading: {
      rate: "native",
      interval: 2,
      historyDropout: 0.3,
      responseDropout: 0,
      actionFrame: "absolute",
      pastEnd: "nothing",
      prompt: "task",
      letterbox: "antialiased-centred",
      longPrompt: "refuse",
      augmentation: usualAugmentation,
    },
    tokenizer: "bytes",
    answers: null,
    pictureMemoryBytes: 1 << 20,
  };
  return { mixture, plan };
}

const opened: Loader[] = [];
afterEach(async () => {
  await Promise.all(opened.splice(0).map((loader) => loader.close()));
});
function open(plan: LoadPlan, workers: number, ahead: number): Loader {
  let time = 0;
  const loader = Loader.open(plan, { workers, ahead, clock: () => time++ });
  opened.push(loader);
  return loader;
}

async function all(batches: AsyncIterable<Batch>) {
  const found = [];
  for await (const batch of batches) found.push(batch);
  return found;
}

describe("the loader", () => {
  it("gives the same batches to the bit in the same order with any number of workers", async () => {
    const { mixture, plan } = await mixed();
    const wanted = [0, 1].flatMap((step) => stepRequests(mixture, layout, 10, step));
    const alone = await all(open(plan, 0, 1).batches(wanted));
    expect(alone).toHaveLength(6);
    expect([...alone[2]!.facts.rowReal.bits]).toEqual([1, 1, 0, 0]);
    for (const workers of [1, 3])
      expectSameBits(`batches of ${workers} workers`, await all(open(plan, workers, 4).batches(wanted)), alone);
  });

  it("lets several streams share its workers, and takes endless requests no further ahead than asked", async () => {
    const { mixture, plan } = await mixed();
    const loader = open(plan, 2, 3);
    let taken = 0;
    function* endless(): Generator<BatchRequest> {
      for (let step = 0; ; step++)
        for (const request of stepRequests(mixture, layout, 4, step)) {
          taken++;
          yield request;
        }
    }
    const training = loader.batches(endless());
    const first = await training.next();
    expect(taken).toBe(3);
    const held = await all(loader.batches(validationRequests(mixture, layout, 5)));
    expectSameBits("held out", held, await all(open(plan, 0, 1).batches(validationRequests(mixture, layout, 5))));
    const second = await training.next();
    expect(taken).toBe(4);
    const expected = [0, 1].flatMap((step) => stepRequests(mixture, layout, 4, step));
    const alone = await all(open(plan, 0, 1).batches(expected));
    expectSameBits(
      "batches",
      [first, second].map(({ value }) => value),
      alone,
    );
    await training.return();
  });

  it("surfaces a worker's error as the same error, in its turn, and goes on", async () => {
    const { mixture, plan } = await mixed();
    const good = stepRequests(mixture, layout, 4, 0);
    const bad: BatchRequest = { purpose: "train", layout, draws: [{ member: 1, episode: 99, frame: 0, draw: 0 }] };
    for (const workers of [0, 2]) {
      const loader = open(plan, workers, 4);
      const batches = loader.batches([...good, bad, ...good]);
      expect((await batches.next()).done).toBe(false);
      const failure = await batches.next().catch((error: unknown) => error);
      expect(failure).toBeInstanceOf(InputError);
      expect(String(failure)).toContain('dataset "pusher": expected an episode, got 99');
      expect(await all(loader.batches(good))).toHaveLength(1);
    }
  });

  it("says at the first batch that a dataset cannot be opened", async () => {
    const { mixture, plan } = await mixed();
    const gone = { kind: "lerobot", location: "/nowhere/at/all", taskAnnotation: "declared" } as const;
    const members = plan.members.map((member) => ({ ...member, source: gone }));
    for (const workers of [0, 1])
      await expect(
        all(open({ ...plan, members }, workers, 2).batches(stepRequests(mixture, layout, 4, 0))),
      ).rejects.toThrow(InputError);
  });

  it("measures how long it kept its reader waiting", async () => {
    const { mixture, plan } = await mixed();
    const loader = open(plan, 0, 1);
    await all(loader.batches(stepRequests(mixture, layout, 10, 0)));
    expect(loader.waitedMs).toBe(3);
  });

  it("ends its workers when closed, also with batches under way, and makes none afterwards", async () => {
    const { mixture, plan } = await mixed();
    const loader = open(plan, 2, 4);
    const batches = loader.batches(stepRequests(mixture, layout, 40, 0));
    await batches.next();
    await loader.close();
    await expect(all(loader.batches(stepRequests(mixture, layout, 4, 0)))).rejects.toThrow(/worker has ended/);
  });

  it("refuses to hold no batch", async () => {
    const { plan } = await mixed();
    expect(() => Loader.open(plan, { workers: 1, ahead: 0, clock: () => 0 })).toThrow(/1 or more batches ahead/);
  });
});
