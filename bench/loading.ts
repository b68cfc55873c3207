import type { Batch } from "../src/batch/batch.ts";
import type { BatchLayout } from "../src/batch/layout.ts";
import { Loader } from "../src/batch/loader.ts";
import { BatchMaker, type BatchRequest, type LoadPlan } from "../src/batch/maker.ts";
import type { Dataset } from "../src/dataset/dataset.ts";
import { openDataset } from "../src/dataset/read/open.ts";
import { asFound } from "../src/embodiment/mapping.ts";
import type { Normalization } from "../src/embodiment/normalize.ts";
import { stream } from "../src/graph/random.ts";
import { type Member, openMixture } from "../src/mixture/mixture.ts";
import type { Place, TimeShares } from "./lerobot.ts";
import { type Contestant, median } from "./turns.ts";

/** A dataset to be loaded from, and the samples of one pass. */
export interface Loading {
  readonly name: string;
  /** Folder of the dataset. */
  readonly root: string;
  readonly places: readonly Place[];
  readonly member: Member;
}

/** What one pass is: as `bench/lerobot_loader.py` has it. */
const [side, horizon, passes] = [96, 16, 3];
/** Samples of a batch. */
export const rows = 8;

/** The first camera's view is the only one. */
const view = "camera";

/** A dataset and as many of its frames, drawn without repetition from all episodes that are here. */
export async function openLoading(name: string, root: string, samples: number): Promise<Loading> {
  const source = { kind: "lerobot", location: root, taskAnnotation: "declared" } as const;
  const choice = { name, episodes: "all", taskAnnotation: "declared", pictureMemoryBytes: 0 } as const;
  const dataset = await openDataset(root, choice);
  const [camera] = dataset.cameras;
  await dataset.close();
  const cameras = camera === undefined ? {} : { [view]: camera };
  const mapping = { ...asFound, controlMode: "as found", cameras };
  const entry = { name, source, episodes: "all", mapping, role: "train", weight: null, validationRatio: 0.5 } as const;
  const { mixture, close } = await openMixture({
    seed: 0,
    views: [view],
    windows: "every",
    entries: [entry],
    pictureMemoryBytes: 0,
  });
  await close();
  const member = mixture.members[0]!;
  const { episodes, starts } = member.train;
  const all = episodes.flatMap((episode, at) =>
    Array.from({ length: starts[at + 1]! - starts[at]! }, (_, frame) => ({ episode, frame })),
  );
  const order = stream(0, "bench loader", name);
  const count = Math.min(samples, all.length);
  return {
    name,
    root,
    member,
    places: Array.from({ length: count }, (_, at) => all[order.permuted(at, all.length, 0, 0)]!),
  };
}

/** How our loader is measured. */
export interface LoadingChoice {
  readonly name: string;
  readonly workers: number;
  /** Of decoded pictures that it may keep; 0 decodes each of them in each pass. */
  readonly pictureMemoryBytes: number;
  /** How many passes begin with an empty memory, as the first over a dataset does; those that come later begin as the last has left it. */
  readonly emptyPasses: number;
}

/** Our loader on the samples of a pass, warmed up by one that counts as no pass. */
export async function startLoading(
  { member, places }: Loading,
  { name, workers, pictureMemoryBytes, emptyPasses }: LoadingChoice,
): Promise<Contestant> {
  // A member of a mixture has a memory of its own: the same dataset again begins with an empty one, and the threads are warm.
  const plan = planOf(member, pictureMemoryBytes, 1 + emptyPasses);
  let passed = 0;
  const loader = Loader.open(plan, { workers, ahead: 2 * Math.max(1, workers), clock: () => performance.now() });
  const pass = async () => {
    let samples = 0;
    const at = Math.min(passed++, emptyPasses);
    for await (const batch of loader.batches(requests(member, places, at))) samples += samplesIn(batch);
    if (samples !== places.length) throw new RangeError(`bench: expected ${places.length} samples, got ${samples}`);
  };
  await pass();
  return {
    name,
    async repeat() {
      const start = performance.now();
      await pass();
      return (performance.now() - start) / places.length;
    },
    end: () => void loader.close(),
  };
}

/** Where the time of one sample goes, in this thread: medians of some passes. */
export async function shareOfLoading(loading: Loading): Promise<TimeShares> {
  const { member, places } = loading;
  const maker = await BatchMaker.open(planOf(member, 0, 1));
  const dataset = await datasetOf(loading);
  const [camera = ""] = dataset.cameras;
  const [whole, pictures]: [number[], number[]] = [[], []];
  for (let pass = 0; pass <= passes; pass++) {
    const start = performance.now();
    for (const request of requests(member, places, 0)) await maker.make(request);
    const made = performance.now();
    for (const { episode, frame } of places)
      await dataset.picture(camera, episode, frame, { height: side, width: side });
    if (pass === 0) continue;
    whole.push((made - start) / places.length);
    pictures.push((performance.now() - made) / places.length);
  }
  await Promise.all([maker.close(), dataset.close()]);
  return { pictures: median(pictures), rest: median(whole) - median(pictures) };
}

/** The dataset by itself, to look a sample up. */
export function datasetOf({ name, root, member }: Loading): Promise<Dataset> {
  const { episodes } = member.train;
  return openDataset(root, { name, episodes, taskAnnotation: "declared", pictureMemoryBytes: 0 });
}

function planOf(member: Member, pictureMemoryBytes: number, times: number): LoadPlan {
  const { dofs, states } = member.embodiment;
  const members = new Array<Member>(times).fill(member);
  const units = members.map(() => ({ action: asItIs(dofs.length), state: asItIs(states.length) }));
  const reading = {
    rate: "native",
    interval: 1,
    historyDropout: 0,
    responseDropout: 0,
    actionFrame: "absolute",
    pastEnd: "nothing",
    prompt: "task",
    letterbox: "antialiased-centred",
    longPrompt: "cut",
    augmentation: "none",
  } as const;
  return { seed: 0, members, units, reading, tokenizer: "bytes", answers: null, pictureMemoryBytes };
}

function asItIs(width: number): Normalization {
  return { mode: "identity", center: new Float64Array(width), scale: new Float64Array(width).fill(1) };
}

function* requests({ embodiment }: Member, places: readonly Place[], member: number): Generator<BatchRequest> {
  const layout: BatchLayout = {
    rows,
    steps: horizon,
    actionWidth: embodiment.dofs.length,
    stateWidth: embodiment.states.length,
    views: 1,
    observations: 1,
    tokens: 96,
    responseTokens: 0,
    actionTokens: 0,
    pictureSize: side,
  };
  for (let at = 0; at < places.length; at += rows) {
    const draws = places.slice(at, at + rows).map((place) => ({ ...place, member, draw: 0 }));
    yield { purpose: "train", layout, draws };
  }
}

function samplesIn({ facts }: Batch): number {
  return facts.rowReal.bits.reduce((sum, bit) => sum + bit, 0);
}
