import { compilePolicy } from "../src/serving/load.ts";
import { fittingRobot, PolicyController } from "../src/serving/simulated.ts";
import type { Design } from "../src/simulation/design.ts";
import { createRobot } from "../src/simulation/robots.ts";
import type { UntrainedPolicy } from "./rollout-policy.ts";
import { type Contestant, median } from "./turns.ts";

const repetitions = 40;

/** Who asks, and for what. */
export interface Question {
  readonly design: Design;
  /** Robots that ask at once. */
  readonly rows: number;
  /** How many steps of each chunk are carried out. */
  readonly steps: number;
}

/** Answers of a policy on one thread, to robots that stand at the start of their episodes. */
export interface Answers extends Contestant {
  /** How many steps of each chunk are computed. */
  readonly steps: number;
}

/**
 * Opens a policy that answers. A repetition is the processor time in milliseconds of an answer to one robot, the median of several:
 * other than the time on the clock it hardly depends on what else the machine does.
 */
export async function openAnswers(
  { policy: found, weights }: UntrainedPolicy,
  { design, rows, steps }: Question,
): Promise<Answers> {
  const policy = await compilePolicy(found, weights, { rows, steps, machine: { device: "cpu", threads: 1 } });
  const { served, observation } = fittingRobot(policy.robots, design, null);
  const controller = new PolicyController(policy, served, { environmentCount: rows, seed: 0 });
  const robot = await createRobot(design, { ...design.defaults, observation });
  const environments = [...Array(rows).keys()];
  for (const environment of environments) {
    robot.reset(0, environment);
    controller.begin(environment, environment);
    const { pictures, ...observed } = robot.observe();
    controller.see(environment, observed, pictures);
  }
  return {
    name: `${policy.steps} steps`,
    steps: policy.steps,
    repeat: () => processorMs(controller, environments),
    end: () => {
      robot.close();
      policy.release();
    },
  };
}

/** The processor time of an answer once, see `openAnswers`. */
export async function answerProcessorMs(untrained: UntrainedPolicy, question: Question): Promise<number> {
  const answers = await openAnswers(untrained, question);
  try {
    return await answers.repeat();
  } finally {
    answers.end();
  }
}

async function processorMs(controller: PolicyController, environments: readonly number[]): Promise<number> {
  const times: number[] = [];
  for (let repetition = 0; repetition < repetitions; repetition++) {
    const from = process.cpuUsage();
    await controller.act(environments);
    const { user, system } = process.cpuUsage(from);
    times.push((user + system) / 1000 / environments.length);
  }
  return median(times);
}
