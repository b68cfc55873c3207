import { expect, it } from "vitest";
import { byteTokenizer } from "../codec/prompt.ts";
import { type GeneratedDataset, generate } from "../dataset/generated.ts";
import { asFound } from "../embodiment/mapping.ts";
import type { Normalization } from "../embodiment/normalize.ts";
import { HostArray } from "../graph/host-array.ts";
import { openMixture } from "../mixture/mixture.ts";
import { collate } from "./collate.ts";
import { type ExampleChoice, loadExample } from "./example.ts";
import { observe } from "./observation.ts";

const vector = (key: string) => ({ key, type: "float32", shape: [1], names: null });
const camera = (key: string) => ({ key, type: "video", shape: [8, 8, 3], names: null });
const description: Omit<GeneratedDataset, "name"> = {
  robotType: "toy",
  framesPerSecond: 10,
  features: [vector("action"), vector("observation.state"), camera("left"), camera("right")],
  episodeLengths: [9],
  tasks: ["push"],
  seed: 1,
};
const layout = {
  rows: 2,
  steps: 2,
  actionWidth: 1,
  stateWidth: 1,
  views: 3,
  observations: 2,
  tokens: 8,
  responseTokens: 0,
  actionTokens: 0,
  pictureSize: 8,
};
const identity: Normalization = { mode: "identity", center: new Float64Array(1), scale: new Float64Array(1).fill(1) };
/** A picture that says in red which camera it is of, in green and blue which frame. */
const shown = (key: string, frame: number) => {
  const colour = [key === "left" ? 100 : 200, 10 + frame, 50 - frame];
  const cells = Uint8Array.from({ length: 8 * 8 * 3 }, (_, at) => colour[at % 3]!);
  return new HostArray("h w c", [8, 8, 3], "uint8", cells);
};

it("each view of a batch holds its own camera's picture of its own time, in training as in serving", async () => {
  const { mixture } = await openMixture({
    seed: 1,
    views: ["wrist", "front", "top"],
    windows: "every",
    entries: [
      {
        name: "toy",
        source: { kind: "generated", description },
        episodes: "all",
        // The policy's first view is the dataset's second camera; nobody stands for its second view.
        mapping: { ...asFound, controlMode: "joint", cameras: { wrist: "right", top: "left" } },
        role: "train",
        weight: null,
        validationRatio: 0.5,
      },
    ],
    pictureMemoryBytes: 0,
  });
  const [member] = mixture.members;
  const dataset = {
    ...generate({ name: "toy", ...description }),
    picture: async (key: string, _episode: number, frame: number) => shown(key, frame),
  };
  const choice: ExampleChoice = {
    seed: 1,
    purpose: "train",
    layout,
    reading: {
      rate: "native",
      interval: 3,
      historyDropout: 0,
      responseDropout: 0,
      actionFrame: "absolute",
      pastEnd: "nothing",
      prompt: "task",
      letterbox: "antialiased-centred",
      longPrompt: "refuse",
      augmentation: "none",
    },
    tokenizer: byteTokenizer,
    answers: null,
  };
  const subject = { dataset, member: member!, action: identity, state: identity };
  const taught = await loadExample(subject, { member: 0, episode: 0, frame: 5, draw: 0 }, choice);
  const robot = {
    name: "toy",
    embodiment: member!.embodiment,
    normalizationGroup: 0,
    units: { action: identity, state: identity },
  };
  const at = (frame: number) => ({ state: [0], pictures: { top: shown("left", frame), wrist: shown("right", frame) } });
  const served = observe(
    robot,
    { observations: [at(2), at(5)], prompt: "push" },
    { layout, prompt: "task", longPrompt: "refuse", letterbox: "antialiased-centred", tokenizer: byteTokenizer },
  );
  const { images, facts } = collate(layout, [taught, served]);
  const firstPixels = images.read(({ cells }) =>
    Array.from({ length: 2 * 2 * 3 }, (_, view) => [...cells.subarray(view * 192, view * 192 + 3)]),
  );
  // Wrist, front and top of frame 2, then of frame 5.
  const row = [
    ...[
      [200, 12, 48],
      [0, 0, 0],
      [100, 12, 48],
    ],
    ...[
      [200, 15, 45],
      [0, 0, 0],
      [100, 15, 45],
    ],
  ];
  expect(firstPixels).toEqual([...row, ...row]);
  expect([...facts.viewReal.bits]).toEqual([1, 0, 1, 1, 0, 1, 1, 0, 1, 1, 0, 1]);
});
