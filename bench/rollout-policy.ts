import { join } from "node:path";
import { DatasetWriter } from "../src/dataset/write/dataset-writer.ts";
import { needLibav } from "../src/dataset/write/video.ts";
import { asFound } from "../src/embodiment/mapping.ts";
import { openMixture } from "../src/mixture/mixture.ts";
import type { ParameterValues } from "../src/nn/parameter.ts";
import { traceObjectives } from "../src/objective/objective.ts";
import { ownRecipe } from "../src/own-package.ts";
import type { VariantName } from "../src/policy/variant.ts";
import { loadRecipe } from "../src/recipe/file.ts";
import { mixtureOf } from "../src/recipe/mixture-of.ts";
import { planOf, settingOf } from "../src/recipe/plan.ts";
import type { Recipe } from "../src/recipe/schema.ts";
import type { FoundPolicy } from "../src/serving/load.ts";
import { plannedRobots } from "../src/serving/robot.ts";
import type { Design } from "../src/simulation/design.ts";
import type { RobotOptions } from "../src/simulation/environment.ts";
import { recordDemonstrations, recordingOf } from "../src/simulation/record.ts";
import { createRobot } from "../src/simulation/robots.ts";
import { newState } from "../src/training/begin.ts";

export type Observed = RobotOptions["observation"];

/** Which policy: `mini` as the demo has it, or `tiny` as the mixture of real robots. */
export interface PolicyChoice {
  readonly size: "mini" | "tiny";
  readonly variant: VariantName;
  readonly observation: Observed;
}

/** A policy for one robot, untrained. */
export interface UntrainedPolicy {
  readonly policy: FoundPolicy;
  readonly weights: ParameterValues;
}

/** @param place a folder for the few episodes that the policy is normalised by; each choice has a folder of its own in it */
export async function untrainedPolicy(
  design: Design,
  choice: PolicyChoice,
  threads: number,
  place: string,
): Promise<UntrainedPolicy> {
  const recipe = await recipeFor(design, choice, threads, place);
  await recordSome(design, choice.observation, join(place, recipe.name));
  const open = await openMixture(mixtureOf(recipe));
  try {
    const plan = await planOf(recipe, open, place);
    const { parameters } = traceObjectives(settingOf(plan, 1));
    const machine = { device: "cpu", threads } as const;
    const { name: checkpoint } = recipe;
    const robots = plannedRobots(plan);
    const policy = { form: "weights", checkpoint, step: 0, notes: [], recipe, robots, machine } as const;
    return { policy, weights: newState(recipe, parameters).parameters };
  } finally {
    await open.close();
  }
}

/** Enough that one can be held out. */
const episodes = 3;

const recording = { version: "v3.0", codec: "h264", seed: 0, stepsAfterSuccess: 0 } as const;

async function recordSome(design: Design, observation: Observed, folder: string): Promise<void> {
  await needLibav();
  const robot = await createRobot(design, { ...design.defaults, observation });
  try {
    const writer = await DatasetWriter.create(folder, recordingOf(robot, recording));
    await recordDemonstrations(
      robot,
      writer,
      { ...recording, episodes },
      { recorded: () => {}, isStopped: () => false },
    );
  } finally {
    robot.close();
  }
}

/** Recipes whose policies are taken, and what they read of a prompt. */
const bases = {
  mini: { base: "demo", prompt: { kind: "fixed", text: "place" }, promptTokens: 6 },
  tiny: { base: "real-mixture", prompt: asFound.prompt, promptTokens: 64 },
} as const;

async function recipeFor(
  design: Design,
  { size, variant, observation }: PolicyChoice,
  threads: number,
  place: string,
): Promise<Recipe> {
  const { base, prompt, promptTokens } = bases[size];
  const recipe = await loadRecipe(ownRecipe(base));
  const name = `${design.name}-${size}-${variant.replace("_", "-")}-${observation}`;
  const views = observation === "pictures" ? design.cameras : [];
  const cameras = Object.fromEntries(views.map((view) => [view, `observation.images.${view}`]));
  const states = design.states.length + (observation === "state" ? design.goals.length : 0);
  return {
    ...recipe,
    name,
    threads,
    data: {
      ...recipe.data,
      root: place,
      datasets: [
        {
          name: design.name,
          source: { kind: "lerobot", location: name, taskAnnotation: "declared" },
          episodes: "all",
          role: "both",
          weight: 1,
          mapping: { ...asFound, controlMode: design.controlMode, cameras, prompt },
        },
      ],
    },
    policy: { ...recipe.policy, variant, views, actionWidth: design.dofs.length, stateWidth: states, promptTokens },
  };
}
