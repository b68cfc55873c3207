import { compilePolicy } from "../../serving/load.ts";
import { fittingRobot, PolicyPilot } from "../../serving/simulated.ts";
import type { Design } from "../../simulation/design.ts";
import { createRobot } from "../../simulation/robots.ts";
import type { UntrainedPolicy } from "./rollout-policy.ts";
import { median } from "./turns.ts";

const repetitions = 40;

/**
 * Processor time in milliseconds that the answer to one robot takes, on one thread, where so many ask at once: other than the time
 * on the clock it hardly depends on what else the machine does.
 */
export async function answerProcessorMs(
  { policy: found, weights }: UntrainedPolicy,
  design: Design,
  rows: number,
): Promise<number> {
  const policy = await compilePolicy(found, weights, { rows, machine: { device: "cpu", threads: 1 } });
  const { served, observation } = fittingRobot(policy.robots, design, null);
  const pilot = new PolicyPilot(policy, served, { seats: rows, seed: 0 });
  const robot = await createRobot(design, { ...design.defaults, observation });
  try {
    const seats = [...Array(rows).keys()];
    for (const seat of seats) {
      robot.reset(0, seat);
      pilot.begin(seat, seat);
      const { pictures, ...felt } = robot.observe();
      pilot.see(seat, felt, pictures);
    }
    const times: number[] = [];
    for (let repetition = 0; repetition < repetitions; repetition++) {
      const from = process.cpuUsage();
      await pilot.act(seats);
      const { user, system } = process.cpuUsage(from);
      times.push((user + system) / 1000 / rows);
    }
    return median(times);
  } finally {
    robot.close();
    policy.release();
  }
}
