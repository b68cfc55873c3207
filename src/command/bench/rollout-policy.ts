import { join } from "node:path";
import { DatasetWriter } from "../../dataset/write.ts";
import { needLibav } from "../../dataset/write-video.ts";
import { asFound } from "../../embodiment/mapping.ts";
import { openMixture } from "../../mixture/mixture.ts";
import type { ParameterValues } from "../../nn/parameter.ts";
import { ownRecipe } from "../../own-package.ts";
import type { HeadName } from "../../policy/head/form.ts";
import type { FoundPolicy } from "../../serving/load.ts";
import { plannedRobots } from "../../serving/robot.ts";
import type { Design } from "../../simulation/design.ts";
import { record, recordingOf } from "../../simulation/record.ts";
import type { RobotOptions } from "../../simulation/robot.ts";
import { createRobot } from "../../simulation/robots.ts";
import { newState } from "../../training/begin.ts";
import { traceObjective } from "../../training/objective.ts";
import { planOf, settingOf } from "../../training/plan.ts";
import { mixtureOf, type Recipe } from "../../training/recipe.ts";
import { loadRecipe } from "../../training/recipe-file.ts";

export type Observed = RobotOptions["observation"];

/** Which policy: `mini` as the demo has it, or `tiny` as the mixture of real robots. */
export interface PolicyChoice {
  readonly size: "mini" | "tiny";
  readonly head: HeadName;
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
    const { parameters } = traceObjective(settingOf(plan, 1));
    const machine = { device: "cpu", threads } as const;
    const policy = { checkpoint: recipe.name, step: 0, recipe, robots: plannedRobots(plan), machine };
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
    await record(robot, writer, { ...recording, episodes }, { recorded: () => {}, isStopped: () => false });
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
  { size, head, observation }: PolicyChoice,
  threads: number,
  place: string,
): Promise<Recipe> {
  const { base, prompt, promptTokens } = bases[size];
  const recipe = await loadRecipe(ownRecipe(base));
  const name = `${design.name}-${size}-${head}-${observation}`;
  const views = observation === "pictures" ? design.cameras : [];
  const cameras = Object.fromEntries(views.map((view) => [view, `observation.images.${view}`]));
  const states = design.states.length + (observation === "state" ? design.goals.length : 0);
  return {
    ...recipe,
    ...{ name, threads },
    data: {
      ...recipe.data,
      root: place,
      datasets: [
        {
          name: design.name,
          source: { kind: "lerobot", location: name, taskAnnotation: "declared" },
          ...{ episodes: "all", role: "both", weight: 1 },
          mapping: { ...asFound, controlMode: design.controlMode, cameras, prompt },
        },
      ],
    },
    policy: { ...recipe.policy, head, views, actionWidth: design.dofs.length, stateWidth: states, promptTokens },
  };
}
