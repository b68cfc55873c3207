import type { Feature } from "../../dataset/dataset.ts";
import type { Dof, Entry } from "../../embodiment/embodiment.ts";
import { asFound } from "../../embodiment/mapping.ts";
import type { RecipeDataset } from "../schema.ts";

type Source = Extract<RecipeDataset["source"], { readonly kind: "generated" }>;

const vector = (key: string, names: readonly string[]): Feature => {
  return { key, type: "float32", shape: [names.length], names: [...names] };
};
const video = (key: string, height: number, width: number): Feature => {
  return { key, type: "video", shape: [height, width, 3], names: null };
};
const joint = (name: string, slot: number): Entry => ({ name, unit: "rad", part: "arm", kind: "continuous", slot });
const claw: Dof = { name: "claw", unit: "unknown", part: "hand", kind: "gripper", slot: 4, state: null };

const armSource: Source = {
  kind: "generated",
  description: {
    robotType: "arm",
    framesPerSecond: 10,
    features: [
      vector("joints", ["shoulder", "twist", "elbow", "wrist"]),
      vector("hand", ["spread", "claw"]),
      vector("seen", ["wrist", "shoulder", "heat", "elbow", "height"]),
      video("right", 12, 20),
      video("over", 18, 14),
    ],
    episodeLengths: [13, 8, 17, 11, 9, 14, 10],
    tasks: ["stack the cups", "open the drawer"],
    seed: 1,
  },
};

/** Three joints and a claw of an arm with two cameras, ten frames a second. */
export const awkwardArm: RecipeDataset = {
  name: "arm",
  source: armSource,
  episodes: [6, 0, 4, 2],
  role: "both",
  weight: 3,
  mapping: {
    ...asFound,
    controlMode: "joint",
    action: [
      { key: "hand", entries: [1] },
      { key: "joints", entries: [3, 0, 2] },
    ],
    state: [{ key: "seen", entries: [3, 1, 0] }],
    cameras: { front: "over", side: "right" },
    dofs: [
      claw,
      { ...joint("wrist", 7), state: 2 },
      { ...joint("shoulder", 0), state: 1 },
      { ...joint("elbow", 5), state: 0 },
    ],
    states: [joint("elbow", 5), joint("shoulder", 2), joint("wrist", 0)],
  },
};

/** The same arm, moved by where its hand is to go: other dofs and other states of the same recording. */
export const awkwardEffector: RecipeDataset = {
  name: "arm",
  source: armSource,
  episodes: [1, 3, 5],
  role: "both",
  weight: 0.5,
  mapping: {
    ...asFound,
    controlMode: "ee",
    action: [{ key: "joints", entries: [2, 1] }],
    state: [{ key: "seen", entries: [4, 2] }],
    cameras: { side: "over" },
    dofs: [
      { ...joint("out", 8), state: 1 },
      { ...joint("turn", 2), state: 0 },
    ],
    states: [joint("height", 3), joint("heat", 6)],
  },
};

/** Another arm of the same make with other files, at fifteen frames a second and with one camera: one normalisation group with the first. */
export const awkwardTwin: RecipeDataset = {
  name: "twin",
  source: {
    kind: "generated",
    description: {
      robotType: "arm",
      framesPerSecond: 15,
      features: [
        vector("action", ["elbow", "wrist", "unused", "claw", "shoulder"]),
        vector("observation.state", ["shoulder", "elbow", "wrist"]),
        video("observation.images.front", 16, 16),
      ],
      episodeLengths: [21, 26, 16],
      tasks: ["stack the cups"],
      seed: 2,
    },
  },
  episodes: "all",
  role: "both",
  weight: 1,
  mapping: {
    ...asFound,
    controlMode: "joint",
    action: [{ key: "action", entries: [3, 1, 4, 0] }],
    state: [{ key: "observation.state", entries: [1, 0, 2] }],
    dofs: awkwardArm.mapping.dofs,
    states: awkwardArm.mapping.states,
  },
};

/** A cart of no known make, blind, its columns as they are found. */
export const awkwardCart: RecipeDataset = {
  name: "cart",
  source: {
    kind: "generated",
    description: {
      robotType: "unknown",
      framesPerSecond: 5,
      features: [vector("action", ["x", "y"]), vector("observation.state", ["y", "x"])],
      episodeLengths: [9, 7, 12, 8, 6],
      tasks: ["go", "come back"],
      seed: 4,
    },
  },
  episodes: "all",
  role: "both",
  weight: 1.5,
  mapping: { ...asFound, controlMode: "ee" },
};

/** Questions about pictures: no robot. */
export const awkwardQuestions: RecipeDataset = {
  name: "questions",
  source: {
    kind: "generated",
    description: {
      robotType: "camera",
      framesPerSecond: 4,
      features: [vector("action", ["none"]), vector("observation.state", ["light", "height"]), video("front", 10, 16)],
      episodeLengths: [7, 15, 9],
      tasks: ["how many cups?", "is it open?"],
      seed: 5,
    },
  },
  episodes: "all",
  role: "both",
  weight: 2,
  mapping: { ...asFound, controlMode: "none", target: "none", state: [{ key: "observation.state", entries: [1] }] },
};

/** The description of a dataset of the mixture, as the generator takes it. */
export function descriptionOf({ name, source }: RecipeDataset) {
  if (source.kind !== "generated") throw new RangeError(`descriptionOf: expected a generated dataset, got "${name}"`);
  return { name, ...source.description };
}
