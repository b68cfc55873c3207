import { soundConventions } from "../src/checkpoint/conventions.ts";
import { asFound } from "../src/embodiment/mapping.ts";
import type { Recipe, RecipeDataset } from "../src/recipe/schema.ts";

/**
 * One policy on three simulated robots: 2, 3 and 7 dofs, under joint and end-effector control.
 *
 * Paper: π0 (arXiv:2410.24164), in a size for minutes (0.9 M parameters). Data: what `armature demo` records, 250 episodes of each
 * robot's scripted expert, which end at success. States alone: the goal is a part of them, since minutes of pictures do not teach three robots to see it
 * (docs/negative-results.md). Cost: 2:10 minutes in all on two quiet cores, 0.7 GiB.
 *
 * Expected of `./armature demo`: at most 6 minutes in all on two cores; closed-loop success over 100 starts at least 70 % on two
 * of the robots, untrained at most 10 %. Measured: reacher 0 → 100 %, pusher 2 → 94 %, arm 6 → 99 %.
 */
export const recipe: Recipe = {
  name: "demo",
  seed: 1,
  threads: 2,
  device: "cpu",
  reduction: "samples",
  supervision: "allReal",
  conventions: soundConventions,
  data: {
    root: "runs/demo/data",
    workers: 1,
    pictureMemoryBytes: 0,
    rate: "native",
    normalization: "mean-std",
    actions: "absolute",
    augmentation: null,
    datasets: [
      dataset("reacher", "joint", "reach", 1),
      dataset("pusher", "ee", "push", 2),
      dataset("arm", "joint", "place", 2),
    ],
  },
  batch: { size: 64, microBatch: 64 },
  validation: { everySteps: 250, microBatch: 64, ratio: 0.1, framesPerMember: 64, draws: 1, weights: "ema" },
  policy: {
    variant: "pi0",
    size: "mini",
    parts: null,
    views: [],
    actionHorizon: 16,
    actionWidth: 7,
    stateWidth: 13,
    promptTokens: 6,
    history: { slots: 1, interval: 1, dropout: 0 },
  },
  optimizer: {
    schedule: "cosine",
    steps: 3000,
    warmup: 50,
    peak: 2e-3,
    final: 4e-5,
    betas: [0.9, 0.95],
    epsilon: 1e-8,
    weightDecay: 1e-10,
    clip: 1,
    ema: 0.98,
    frozen: [],
  },
  checkpoint: { everySteps: 1000, keepLast: 1 },
  audit: { everySteps: 0 },
};

/** The state names the goal, so that one word for each robot is enough. */
function dataset(name: string, controlMode: string, instruction: string, weight: number): RecipeDataset {
  return {
    name,
    source: { kind: "lerobot", location: name, taskAnnotation: "declared" },
    episodes: "all",
    role: "both",
    weight,
    mapping: { ...asFound, controlMode, prompt: { kind: "fixed", text: instruction } },
  };
}
