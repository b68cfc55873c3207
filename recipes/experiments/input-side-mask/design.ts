import { type FlowSize, pi0Sizes } from "../../../src/policy/size.ts";

/** The robots, narrowest first: 2, 3, 7 and 14 dofs. */
export const robotNames = ["reacher", "pusher", "arm", "bimanual"] as const;

export type RobotName = (typeof robotNames)[number];

/** What each robot's expert records, and the share of the episodes that is held out. To see a goal takes more of them. */
export const recorded = {
  episodes: { state: 200, pictures: 600 },
  seed: 1,
  heldOut: 0.2,
  stepsAfterSuccess: 16,
} as const;
/** What a robot shows of itself to a policy that sees: the one camera that looks at the whole scene. */
export const sceneCamera = { reacher: "top", pusher: "top", arm: "front", bimanual: "top" } as const satisfies Record<
  RobotName,
  string
>;
/** Starts that all runs have in common, none of them recorded, and the execution horizon of a policy. */
export const closedLoop = { starts: 200, seed: 20_345, execute: 8, sideBySide: 40 } as const;
/** Held-out frames of each robot (fewer of real ones, with cameras), how often each is drawn, sampled and redrawn. */
export const heldOut = {
  frames: 64,
  realFrames: 16,
  velocityDraws: 64,
  actionDraws: 4,
  redrawnFrames: 8,
  redraws: 64,
} as const;

/** Four layers of width 128. The backbone carries the task's token alone. */
export const blindPolicySize: FlowSize = {
  ...pi0Sizes.tiny,
  backbone: { width: 64, layers: 4, mlp: 128, heads: 4, keyHeads: 1, headWidth: 32 },
  expert: { width: 128, layers: 4, mlp: 256, heads: 4, keyHeads: 1, headWidth: 32 },
};

/** Two layers that read patches as they are: what one core trains and measures in half an hour. */
export const seeingPolicySize: FlowSize = {
  ...pi0Sizes.mini,
  vision: { ...pi0Sizes.mini.vision, layers: 0 },
  backbone: { width: 64, layers: 2, mlp: 128, heads: 2, keyHeads: 1, headWidth: 32 },
  expert: { width: 128, layers: 2, mlp: 384, heads: 2, keyHeads: 1, headWidth: 32 },
};

/**
 * What a policy is trained under: `A`, loss on all padded dims; `B`, on real dims only, with noise in the others (OpenTau
 * today); `D`, on real dims only, with 0 in the others.
 */
export type Training = "A" | "B" | "D";

/** How a trained policy is sampled: with noise in unreal dims, or with 0. */
export type Sampling = "noise" | "zero";

/** Every cell of the experiment. `C` is the reverted commit 1b1d9cf; `A0` and `B0` are masked at inference only. */
export const cells = {
  A: { training: "A", sampling: "noise" },
  A0: { training: "A", sampling: "zero" },
  B: { training: "B", sampling: "noise" },
  B0: { training: "B", sampling: "zero" },
  C: { training: "D", sampling: "noise" },
  D: { training: "D", sampling: "zero" },
} as const satisfies Record<string, { readonly training: Training; readonly sampling: Sampling }>;

export type Cell = keyof typeof cells;

/** The cells that a training is measured in: its own first. */
export function cellsOf(training: Training): Cell[] {
  switch (training) {
    case "A":
      return ["A", "A0"];
    case "B":
      return ["B", "B0"];
    case "D":
      return ["D", "C"];
  }
}

/** A part of the experiment: what is trained, over how many seeds. */
export interface Study {
  readonly summary: string;
  readonly trainings: readonly Training[];
  readonly seeds: number;
  readonly steps: number;
  /** Slots for dofs; `null` where the recipe says it. */
  readonly width: number;
  readonly reduction: "samples" | "cells";
  /** `own slots`: no two robots share one, so that each has projections of its own, native width. */
  readonly robots: "shared slots" | "own slots" | "one at a time" | "real";
  readonly observation: "state" | "pictures";
}

const core: Study = {
  summary: "four robots of 2, 3, 7 and 14 dofs padded to 32",
  trainings: ["D", "B", "A"],
  seeds: 10,
  steps: 4000,
  width: 32,
  reduction: "samples",
  robots: "shared slots",
  observation: "state",
};

/** In the order in which they are run: the core and the real robots carry the decision, cameras take longest. */
export const studies = {
  core,
  untrained: { ...core, summary: "the core's weights before training", trainings: ["D"], seeds: 1, steps: 0 },
  "real-state": {
    summary:
      "four real robots of 44, 26, 7 and 2 dofs, held-out episodes: states and one token for the task, no cameras",
    trainings: ["D", "B"],
    seeds: 5,
    steps: 2000,
    width: 44,
    reduction: "samples",
    robots: "real",
    observation: "state",
  },
  single: {
    ...core,
    summary: "E2: one policy for each robot, on the same number of its samples",
    trainings: ["D"],
    seeds: 3,
    steps: 1000,
    robots: "one at a time",
  },
  native: {
    ...core,
    summary: "E1: co-trained, each robot with projections of its own width",
    trainings: ["D"],
    robots: "own slots",
  },
  cells: {
    ...core,
    summary: "the core with the reduction `cells`",
    trainings: ["D", "B"],
    seeds: 6,
    reduction: "cells",
  },
  "width-14": { ...core, summary: "padded to 14", trainings: ["D", "B"], seeds: 6, width: 14 },
  "width-128": { ...core, summary: "padded to 128", trainings: ["D", "B"], seeds: 6, width: 128 },
  "real-mixture": {
    summary: "the same four as in `recipes/real-mixture.ts`, with cameras: 300 steps of its batch of 16",
    trainings: ["D", "B"],
    seeds: 5,
    steps: 300,
    width: 44,
    reduction: "samples",
    robots: "real",
    observation: "pictures",
  },
  pictures: {
    ...core,
    summary: "with one camera's pictures in place of goals, two layers",
    trainings: ["D", "B"],
    seeds: 3,
    observation: "pictures",
  },
} as const satisfies Record<string, Study>;

export type StudyName = keyof typeof studies;

/** One run: a policy that is trained and measured. */
export interface Job {
  readonly study: StudyName;
  readonly training: Training;
  readonly seed: number;
  /** Of `one at a time`. */
  readonly robot: RobotName | null;
}

/** Every run, in order; seed by seed, so that what is cut off leaves pairs. */
export function jobs(): Job[] {
  return studyNames().flatMap((study) => {
    const { trainings, seeds, robots }: Study = studies[study];
    const each = robots === "one at a time" ? robotNames : [null];
    return Array.from({ length: seeds }, (_, at) => at + 1).flatMap((seed) =>
      trainings.flatMap((training) => each.map((robot) => ({ study, training, seed, robot }))),
    );
  });
}

export function studyNames(): StudyName[] {
  const isOwn = (name: string): name is StudyName => Object.hasOwn(studies, name);
  return Object.keys(studies).filter(isOwn);
}

/** Names a run in the table. */
export function jobName({ study, training, seed, robot }: Job): string {
  return [study, training, seed, ...(robot === null ? [] : [robot])].join(" ");
}
