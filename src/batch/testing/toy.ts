import { byteTokenizer } from "../../codec/prompt.ts";
import type { Feature } from "../../dataset/dataset.ts";
import { type GeneratedDataset, generate } from "../../dataset/generated.ts";
import { asFound, type Mapping } from "../../embodiment/mapping.ts";
import type { Normalization } from "../../embodiment/normalize.ts";
import { openMixture } from "../../mixture/mixture.ts";
import type { ExampleChoice, Reading, Subject } from "../example.ts";

/** A feature of float32 entries. */
export const vector = (key: string, size: number, names: readonly string[] | null = null): Feature => ({
  key,
  type: "float32",
  shape: [size],
  names,
});
/** Pictures of 8 × 6 pixels. */
export const pictureFeature = (key: string): Feature => ({ key, type: "image", shape: [6, 8, 3], names: null });
/** One episode of 12 frames of a robot with two joints and one camera. */
export const toyDataset: GeneratedDataset = {
  name: "toy",
  robotType: "toy",
  framesPerSecond: 10,
  features: [
    vector("action", 2, ["elbow", "gripper"]),
    vector("observation.state", 2, ["elbow", "gripper"]),
    pictureFeature("observation.images.top"),
  ],
  episodeLengths: [12],
  tasks: ["push"],
  seed: 1,
};
/** How the toy is read. */
export const reading: Reading = {
  rate: "native",
  interval: 2,
  historyDropout: 0,
  actionFrame: "absolute",
  pastEnd: "nothing",
  prompt: "task",
  letterbox: "antialiased-centred",
  longPrompt: "refuse",
  augmentation: "none",
};
/** Shapes of its examples. */
export const layout = { steps: 4, observations: 3, tokens: 8, responseTokens: 0, pictureSize: 8 };
/** How its examples are loaded. */
export const exampleChoice: ExampleChoice = {
  seed: 7,
  purpose: "train",
  layout,
  reading,
  tokenizer: byteTokenizer,
  answers: null,
};
const identity = (size: number): Normalization => ({
  mode: "identity",
  center: new Float64Array(size),
  scale: new Float64Array(size).fill(1),
});

/** A generated dataset as a member of a mixture, its numbers as they are. */
export async function subject(of: GeneratedDataset, mapping: Mapping, views: readonly string[]): Promise<Subject> {
  const { name, ...rest } = of;
  const entry = { name, source: { kind: "generated", description: rest } as const, episodes: "all" as const, mapping };
  const { mixture } = await openMixture({
    seed: 1,
    views,
    windows: "every",
    entries: [{ ...entry, role: "train", weight: null, validationRatio: 0.5 }],
    pictureMemoryBytes: 0,
  });
  const [member] = mixture.members;
  const { dofs, states } = member!.embodiment;
  return { dataset: generate(of), member: member!, action: identity(dofs.length), state: identity(states.length) };
}
/** Which view its camera is. */
export const cameras = { base: "observation.images.top" };
/** The toy under two views, of which it has one. */
export const toy = () => subject(toyDataset, { ...asFound, controlMode: "joint", cameras }, ["base", "wrist"]);
/** A frame of its first episode. */
export const at = (frame: number, draw = 0) => ({ member: 0, episode: 0, frame, draw });
