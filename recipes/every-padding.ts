import { soundConventions } from "../src/checkpoint/conventions.ts";
import type { Feature } from "../src/dataset/dataset.ts";
import type { Dof } from "../src/embodiment/embodiment.ts";
import { asFound, type Mapping } from "../src/embodiment/mapping.ts";
import type { Recipe, RecipeDataset } from "../src/recipe/schema.ts";

/**
 * Every kind of padding at once, in a policy so small that an audit takes seconds.
 *
 * Two real robots (one camera, no camera) beside two from formulas: one with two cameras and a claw, one that only answers
 * questions. Dofs lie in scattered slots, arm and gripper are parts, history looks back two slots of two frames, and no number
 * of samples divides evenly into micro-batches. Of some episodes something is known, and some have something to reach, for policies that read that. `--set policy.variant=pi0` is π0's.
 * The generated datasets have responses, which `--set policy.variant=pi05 --set policy.responseTokens=44 --set policy.responseDropout=0.3`
 * reads. Data: `../shared/data/real`. Not a recipe to train a useful policy by.
 */
export const recipe: Recipe = {
  name: "every-padding",
  seed: 5,
  threads: 2,
  device: "cpu",
  reduction: "samples",
  supervision: "moving",
  conventions: soundConventions,
  data: {
    root: "../shared/data/real",
    workers: 1,
    pictureMemoryBytes: 16 * 2 ** 20,
    rate: "native",
    normalization: "mean-std",
    actions: "delta",
    augmentation: null,
    metadataDropout: { all: 0.15, each: 0.05 },
    subgoals: { seconds: 4, furthest: 0.25, dropout: 0.5 },
    datasets: [
      real("dobot_cr5", [68, 70, 72], {
        ...asFound,
        controlMode: "joint-velocity",
        metadata: { says: ["fps"] },
        cameras: { base: "observation.images.top" },
        dofs: [...Array.from({ length: 6 }, (_, at) => joint(`joint_${at}_vel`, at)), gripper(9)],
      }),
      real("pusht", [0, 1, 2, 3], {
        ...asFound,
        controlMode: "ee",
        dofs: [0, 1].map((at) => ({ ...joint(`motor_${at}`, 2 * at + 1), state: at })),
      }),
      generated("two_cameras", 15, {
        action: ["shoulder", "elbow", "wrist", "claw"],
        metadata: ["mistake"],
        state: ["shoulder", "elbow", "wrist", "claw"],
        cameras: ["base", "wrist"],
        mapping: {
          ...asFound,
          controlMode: "joint",
          response: "subtask",
          metadata: { mistake: "mistake", says: ["control"] },
          dofs: [
            { ...joint("shoulder", 6), state: 0 },
            { ...joint("elbow", 0), state: 1 },
            joint("wrist", 3),
            gripper(8),
          ],
        },
      }),
      generated("questions", 5, {
        action: ["none"],
        metadata: [],
        state: ["height"],
        cameras: ["base"],
        mapping: { ...asFound, controlMode: "none", target: "none", response: "subtask" },
      }),
    ],
  },
  batch: { size: 7, microBatch: 4 },
  validation: { everySteps: 0, microBatch: 3, ratio: 0.3, framesPerMember: 5, draws: 1, weights: "ema" },
  policy: {
    variant: "groot_n16",
    size: "micro",
    parts: [
      { name: "arm", slots: [0, 1, 2, 3, 4, 5, 6] },
      { name: "gripper", slots: [8, 9] },
    ],
    views: ["base", "wrist"],
    actionHorizon: 8,
    actionWidth: 10,
    stateWidth: 7,
    promptTokens: 96,
    metadataTokens: 44,
    history: { slots: 3, interval: 2, dropout: 0.3 },
  },
  optimizer: {
    schedule: "constant",
    steps: 20,
    warmup: 0,
    peak: 1e-3,
    final: 1e-3,
    betas: [0.9, 0.95],
    epsilon: 1e-8,
    weightDecay: 1e-10,
    clip: 1,
    ema: 0.9,
    frozen: [],
  },
  checkpoint: { everySteps: 20, keepLast: 1 },
  audit: { everySteps: 0 },
};

function real(name: string, episodes: readonly number[], mapping: Mapping): RecipeDataset {
  return {
    name,
    source: { kind: "lerobot", location: name, taskAnnotation: "declared" },
    episodes: [...episodes],
    role: "both",
    weight: 1,
    mapping,
  };
}

/** A dataset from a formula: short episodes, so that windows often cross their ends. */
function generated(
  name: string,
  framesPerSecond: number,
  robot: {
    readonly action: readonly string[];
    readonly state: readonly string[];
    readonly metadata: readonly string[];
    readonly cameras: readonly string[];
    readonly mapping: Mapping;
  },
): RecipeDataset {
  const vector = (key: string, names: readonly string[]): Feature => {
    return { key, type: "float32", shape: [names.length], names: [...names] };
  };
  const features = [
    vector("action", robot.action),
    vector("observation.state", robot.state),
    { key: "subtask", type: "string", shape: [1], names: null },
    ...robot.metadata.map((key) => vector(key, [key])),
    ...robot.cameras.map((view): Feature => {
      return { key: `observation.images.${view}`, type: "video", shape: [24, 32, 3], names: null };
    }),
  ];
  const description = {
    robotType: name,
    framesPerSecond,
    features,
    episodeLengths: [19, 12, 16, 23],
    tasks: ["stack the cups", "what stands on the table?"],
    seed: 2,
  };
  return {
    name,
    source: { kind: "generated", description },
    episodes: "all",
    role: "both",
    weight: 1,
    mapping: robot.mapping,
  };
}

function joint(name: string, slot: number): Dof {
  return { name, unit: "rad", part: "arm", kind: "continuous", slot, state: null };
}

function gripper(slot: number): Dof {
  return { name: "gripper", unit: "unknown", part: "gripper", kind: "gripper", slot, state: null };
}
