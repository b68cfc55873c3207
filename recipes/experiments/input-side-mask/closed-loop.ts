import { forFirstSteps } from "../../../src/objective/first-steps.ts";
import { ActionSampler } from "../../../src/objective/sample.ts";
import { loadPlanOf, type Plan } from "../../../src/recipe/plan.ts";
import { LoadedPolicy } from "../../../src/serving/policy.ts";
import type { ServedRobot } from "../../../src/serving/robot.ts";
import { PolicyController } from "../../../src/serving/simulated.ts";
import type { RobotEnvironment, RobotOptions } from "../../../src/simulation/environment.ts";
import { createRobot, findRobot } from "../../../src/simulation/robots.ts";
import { rollOut } from "../../../src/simulation/rollout.ts";
import { optionsOf } from "../record.ts";
import { closedLoop } from "./design.ts";
import type { Measured } from "./held-out.ts";
import { samplingSetting } from "./opened.ts";

type Observation = RobotOptions["observation"];

/** Whether each of the common starts ended in success, by robot. */
export type Successes = Readonly<Record<string, readonly boolean[]>>;

/** Lets weights steer each robot of their plan from the common starts. Equal weights, equal outcomes. */
export async function playAll({ opened, weights, sampling }: Measured): Promise<Successes> {
  const { plan, study } = opened;
  const { recipe } = plan;
  const rows = closedLoop.sideBySide;
  const whole = {
    setting: samplingSetting(opened, sampling, rows),
    weights,
    placement: "written" as const,
    answers: null,
    machine: { device: recipe.device, threads: recipe.threads },
  };
  const sampler = await ActionSampler.compile(forFirstSteps(whole, closedLoop.execute));
  const robots = servedBy(plan);
  const policy = new LoadedPolicy({
    checkpoint: recipe.name,
    brokenAnswers: "refuse",
    step: recipe.optimizer.steps,
    notes: [],
    recipe,
    robots,
    sampler,
  });
  try {
    const found: [string, boolean[]][] = [];
    for (const robot of robots) found.push([robot.dataset, await play(policy, robot, study.observation)]);
    return Object.fromEntries(found);
  } finally {
    policy.release();
  }
}

function servedBy(plan: Plan): ServedRobot[] {
  const { units } = loadPlanOf(plan);
  return plan.mixture.members.map(({ datasetName, normalizationGroup, framesPerSecond, embodiment }, at) => ({
    name: datasetName,
    dataset: datasetName,
    embodiment,
    normalizationGroup,
    units: units[at]!,
    framesPerSecond,
    stepsPerSecond: framesPerSecond,
    seen: null,
  }));
}

async function play(policy: LoadedPolicy, served: ServedRobot, observation: Observation): Promise<boolean[]> {
  const { starts, seed, execute, sideBySide } = closedLoop;
  const design = findRobot(served.dataset);
  const robots: RobotEnvironment[] = [];
  try {
    for (let at = 0; at < sideBySide; at++) robots.push(await createRobot(design, optionsOf(design, observation)));
    const controller = new PolicyController(policy, served, { environmentCount: sideBySide, seed: policy.recipe.seed });
    const plan = { episodes: starts, seed, execution: { execute, delay: 0 }, filmed: 0 };
    const rollouts = await rollOut(robots, controller, plan, unwatched);
    return rollouts.map(({ isSuccess }) => isSuccess);
  } finally {
    for (const robot of robots) robot.close();
  }
}

const unwatched = { finished: () => {}, filmed: () => {}, isStopped: () => false };
