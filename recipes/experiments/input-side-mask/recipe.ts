import { soundConventions } from "../../../src/checkpoint/conventions.ts";
import { asFound, type Mapping } from "../../../src/embodiment/mapping.ts";
import type { Recipe, RecipeDataset } from "../../../src/recipe/schema.ts";
import type { Design } from "../../../src/simulation/design.ts";
import { findRobot } from "../../../src/simulation/robots.ts";
import { embodimentOf } from "../../../src/simulation/simulated-robot.ts";
import { recipe as realMixture } from "../../real-mixture.ts";
import {
  type Job,
  type RobotName,
  recorded,
  robotNames,
  type Study,
  sceneCamera,
  studies,
  type Training,
} from "./design.ts";

/**
 * What a run trains on and how.
 *
 * @param data folder of the recordings, by observation and robot
 */
export function recipeOf({ study: name, training, seed, robot }: Job, data: string): Recipe {
  const study: Study = studies[name];
  if (study.robots === "real") return realRecipe(study, training, seed);
  const names = robot === null ? robotNames : [robot];
  const hasPictures = study.observation === "pictures";
  return {
    name: "input-side-mask",
    seed,
    threads: 1,
    device: "cpu",
    reduction: study.reduction,
    supervision: "allReal",
    conventions: conventionsOf(training),
    data: dataOf(study, names, data),
    batch: { size: 64, microBatch: hasPictures ? 32 : 64 },
    validation: {
      everySteps: 0,
      microBatch: hasPictures ? 32 : 64,
      ratio: recorded.heldOut,
      framesPerMember: 64,
      draws: 1,
      weights: "ema",
    },
    policy: policyOf(study),
    optimizer: optimizer(study),
    checkpoint: { everySteps: 4000, keepLast: 1 },
    audit: { everySteps: 0 },
  };
}

/** @param data folder of the recordings, by observation and robot */
function dataOf(study: Study, names: readonly RobotName[], data: string): Recipe["data"] {
  return {
    root: `${data}/${study.observation}`,
    workers: 1,
    pictureMemoryBytes: study.observation === "pictures" ? 2 ** 31 : 0,
    rate: "native",
    normalization: "mean-std",
    actions: "absolute",
    augmentation: null,
    datasets: names.map((one) => dataset(one, study, study.robots === "own slots")),
  };
}

function policyOf({ observation, robots, width }: Study): Recipe["policy"] {
  const hasPictures = observation === "pictures";
  return {
    variant: "pi0",
    size: hasPictures ? "mini" : "tiny",
    parts: null,
    views: hasPictures ? ["scene"] : [],
    actionHorizon: 16,
    actionWidth: width,
    stateWidth: robots === "own slots" ? 48 : 32,
    promptTokens: hasPictures ? 48 : 2,
    history: { slots: 1, interval: 1, dropout: 0 },
  };
}

/** The recipe's data; without cameras a small policy on large batches, as in the core. */
function realRecipe(study: Study, training: Training, seed: number): Recipe {
  const recipe: Recipe = {
    ...realMixture,
    name: "input-side-mask-real",
    seed,
    threads: 1,
    conventions: conventionsOf(training),
    optimizer: { ...realMixture.optimizer, steps: study.steps },
  };
  if (study.observation === "pictures") return recipe;
  const { data, validation, policy } = recipe;
  const datasets = data.datasets.map((dataset) => ({
    ...dataset,
    mapping: { ...dataset.mapping, cameras: {}, prompt: { kind: "fixed", text: dataset.name.slice(0, 1) } as const },
  }));
  return {
    ...recipe,
    data: { ...data, datasets, augmentation: null },
    batch: { size: 64, microBatch: 64 },
    validation: { ...validation, microBatch: 64 },
    policy: { ...policy, views: [], promptTokens: 2 },
    optimizer: optimizer(study),
  };
}

function conventionsOf(training: Training): Recipe["conventions"] {
  return { ...soundConventions, actionSight: "both", unrealInput: training === "D" ? "zero" : "noise" };
}

function optimizer({ steps }: Study): Recipe["optimizer"] {
  return {
    schedule: "cosine",
    steps: Math.max(steps, 1),
    warmup: Math.min(100, Math.max(steps - 1, 0)),
    peak: 1e-3,
    final: 1e-5,
    betas: [0.9, 0.95],
    epsilon: 1e-8,
    weightDecay: 1e-10,
    clip: 1,
    ema: 0.99,
    frozen: [],
  };
}

/** A robot's recording. One token tells the task, unless pictures and instruction do. */
function dataset(name: RobotName, { observation }: Study, isDivided: boolean): RecipeDataset {
  const design = findRobot(name);
  const perceived: Pick<Mapping, "prompt" | "cameras"> =
    observation === "pictures"
      ? { prompt: { kind: "task" }, cameras: { scene: `observation.images.${sceneCamera[name]}` } }
      : { prompt: { kind: "fixed", text: name.slice(0, 1) }, cameras: {} };
  return {
    name,
    source: { kind: "lerobot", location: name, taskAnnotation: "declared" },
    episodes: "all",
    role: "both",
    weight: 1,
    mapping: { ...asFound, controlMode: design.controlMode, ...perceived, ...(isDivided ? ownSlots(name) : {}) },
  };
}

/** Dofs and states behind those of the robots before: no two robots share a slot. */
function ownSlots(name: RobotName): Pick<Mapping, "dofs" | "states"> {
  const before = robotNames.slice(0, robotNames.indexOf(name)).map(findRobot);
  const first = (count: (one: Design) => number) => before.reduce((sum, one) => sum + count(one), 0);
  const { dofs, states } = embodimentOf(findRobot(name), "state");
  const [dof, state] = [first((one) => one.dofs.length), first((one) => embodimentOf(one, "state").states.length)];
  return {
    dofs: dofs.map((one) => ({ ...one, slot: one.slot + dof })),
    states: states.map((one) => ({ ...one, slot: one.slot + state })),
  };
}
