import { soundConventions } from "../../checkpoint/conventions.ts";
import { usualAugmentation } from "../../embodiment/augment.ts";
import type { Recipe, RecipeDataset } from "../schema.ts";
import { awkwardArm, awkwardCart, awkwardEffector, awkwardQuestions, awkwardTwin } from "./awkward-datasets.ts";

/**
 * The mixture that tests begin with where they need no other: whatever can differ between samples does, and nothing divides evenly.
 *
 * A robotless dataset stands first. Two datasets of one robot are one normalisation group at two rates, and one of them was recorded
 * under a second control mode; a cart is blind and of no known robot. Weights, lengths and numbers of episodes differ; the instruction
 * changes within an episode. Columns are partly used, in another order than in their files, and lie in scattered slots. Actions are
 * relative to the state of now, three slots of history and the steps of actions lie between the frames of most datasets. Of 7 samples
 * in micro-batches of 3 the last is alone. The validation loss falls until step 2 and rises again. The policy is of size `micro`;
 * `policy.variant` may be any.
 */
export const awkwardRecipe: Recipe = {
  name: "awkward",
  seed: 3,
  threads: 1,
  device: "cpu",
  reduction: "cells",
  supervision: "moving",
  conventions: soundConventions,
  data: {
    root: "",
    workers: 1,
    pictureMemoryBytes: 1 << 20,
    rate: 6,
    normalization: "mean-std",
    actions: "delta",
    augmentation: usualAugmentation,
    datasets: [awkwardQuestions, awkwardArm, awkwardTwin, awkwardEffector, awkwardCart],
  },
  batch: { size: 7, microBatch: 3 },
  validation: { everySteps: 2, microBatch: 4, ratio: 0.3, framesPerMember: 5, draws: 2, weights: "ema" },
  policy: {
    variant: "pi0",
    size: "micro",
    parts: [
      { name: "arm", slots: [0, 1, 2, 5, 7, 8] },
      { name: "claw", slots: [4] },
    ],
    views: ["front", "side"],
    actionHorizon: 5,
    actionWidth: 9,
    stateWidth: 7,
    promptTokens: 19,
    history: { slots: 3, interval: 2, dropout: 0.2 },
  },
  optimizer: {
    schedule: "cosine",
    steps: 40,
    warmup: 4,
    peak: 1e-2,
    final: 1e-3,
    betas: [0.9, 0.95],
    epsilon: 1e-8,
    weightDecay: 1e-4,
    clip: 1,
    ema: 0.9,
    frozen: [],
  },
  checkpoint: { everySteps: 2, keepLast: 1 },
  audit: { everySteps: 0 },
};

/** The same policy for a test's own datasets, at their own rates: with these views, one slot of history and one part of every slot. */
export function plainRecipe(datasets: readonly RecipeDataset[], views: readonly string[]): Recipe {
  const { data, policy, validation } = awkwardRecipe;
  return {
    ...awkwardRecipe,
    name: "plain",
    reduction: "samples",
    data: { ...data, rate: "native", augmentation: null, datasets: [...datasets] },
    validation: { ...validation, everySteps: 0, draws: 1 },
    policy: { ...policy, parts: null, views: [...views], history: { slots: 1, interval: 1, dropout: 0 } },
  };
}
