import { ActionSampler } from "../../../src/objective/sample.ts";
import { settingOf } from "../../../src/recipe/plan.ts";
import { LoadedPolicy } from "../../../src/serving/policy.ts";
import { plannedRobots, type ServedRobot } from "../../../src/serving/robot.ts";
import { PolicyController } from "../../../src/serving/simulated.ts";
import type { Design } from "../../../src/simulation/design.ts";
import type { RobotEnvironment } from "../../../src/simulation/environment.ts";
import { createRobot, findRobot } from "../../../src/simulation/robots.ts";
import { rollOut } from "../../../src/simulation/rollout.ts";
import { encodeBits } from "../bits.ts";
import { optionsOf } from "../record.ts";
import { average } from "../statistics.ts";
import { closedLoop, executionHorizons, primaryHorizon } from "./design.ts";
import type { Measured } from "./held-out.ts";
import { MotionWatch } from "./motion.ts";
import type { Play } from "./table.ts";

/** What came out of the common starts, by robot and by how many steps of each chunk were carried out. */
export type Plays = Record<string, Record<string, Play>>;

/** Lets weights steer each robot of their plan from the common starts, with each execution horizon. Equal weights, equal outcomes. */
export async function playAll({ plan, weights, study }: Measured): Promise<Plays> {
  const { recipe } = plan;
  const rows = closedLoop.sideBySide;
  const sampler = await ActionSampler.compile({
    setting: settingOf(plan, rows),
    weights,
    placement: "written",
    answers: null,
    machine: { device: recipe.device, threads: recipe.threads },
  });
  const robots = plannedRobots(plan);
  const loaded = { checkpoint: recipe.name, step: recipe.optimizer.steps, notes: [], recipe, robots, sampler, rows };
  const policy = new LoadedPolicy({ ...loaded, brokenAnswers: "refuse" });
  const own = study.data === "pictures" ? [{ ...primaryHorizon, starts: closedLoop.pictureStarts }] : executionHorizons;
  try {
    const found: Plays = {};
    for (const robot of robots) {
      const plays: Record<string, Play> = {};
      for (const horizon of own) plays[horizon.execute] = await play(policy, robot, study.data === "pictures", horizon);
      found[robot.dataset] = plays;
    }
    return found;
  } finally {
    policy.release();
  }
}

interface ExecutionHorizon {
  readonly execute: number;
  readonly starts: number;
}

async function play(
  policy: LoadedPolicy,
  served: ServedRobot,
  sees: boolean,
  horizon: ExecutionHorizon,
): Promise<Play> {
  const { seed, sideBySide } = closedLoop;
  const design = findRobot(served.dataset);
  const robots: RobotEnvironment[] = [];
  try {
    const options = optionsOf(design, sees ? "pictures" : "state");
    for (let at = 0; at < sideBySide; at++) robots.push(await createRobot(design, options));
    const controller = new PolicyController(policy, served, { environmentCount: sideBySide, seed: policy.recipe.seed });
    const motion = new MotionWatch(controller, ownEntries(design, served));
    const plan = { episodes: horizon.starts, seed, execution: { execute: horizon.execute, delay: 0 }, filmed: 0 };
    const rollouts = await rollOut(robots, motion, plan, unwatched);
    const successes = rollouts.filter(({ isSuccess }) => isSuccess);
    const mean = (values: readonly number[]) => (values.length === 0 ? null : average(values));
    return {
      successes: encodeBits(rollouts.map(({ isSuccess }) => isSuccess)),
      stepsToSuccess: mean(successes.map(({ steps }) => steps)),
      lastSecondSpeed: mean(successes.map(({ episode }) => motion.lastSecondSpeed(episode, design.framesPerSecond))),
    };
  } finally {
    for (const robot of robots) robot.close();
  }
}

/** The entries of a state that are the robot's own, with the scale in which their changes are told. */
function ownEntries({ states }: Design, { units }: ServedRobot): { at: number; scale: number }[] {
  return states.map((_, at) => ({ at, scale: units.state.scale[at]! })).filter(({ scale }) => scale > 0);
}

const unwatched = { finished: () => {}, filmed: () => {}, isStopped: () => false };
