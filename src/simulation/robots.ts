import { z } from "zod";
import { InputError } from "../input-error.ts";
import { didYouMean } from "../nearest.ts";
import { parseInput } from "../parse-input.ts";
import { arm } from "./arm.ts";
import { bimanual } from "./bimanual.ts";
import type { Design } from "./design.ts";
import type { RobotOptions } from "./environment.ts";
import { gantry } from "./gantry.ts";
import { loadPhysics } from "./physics.ts";
import { pusher } from "./pusher.ts";
import { reacher } from "./reacher.ts";
import { SimulatedRobot } from "./simulated-robot.ts";

/** Every simulated robot. */
export const robots: readonly Design[] = [reacher, pusher, arm, bimanual, gantry];

const optionsSchema = z.strictObject({
  observation: z.enum(["pictures", "state"]),
  imageSize: z.int().min(16).max(512),
  distractors: z.int().min(0).max(4),
  disturbance: z.number().min(0).max(1),
});

/**
 * The design of a name.
 *
 * @throws InputError with the nearest name where there is none
 */
export function findRobot(name: string): Design {
  const found = robots.find((robot) => robot.name === name);
  if (found !== undefined) return found;
  const names = robots.map((robot) => robot.name);
  throw new InputError(`robot: expected one of ${names.join(", ")}, got "${name}"${didYouMean(name, names)}`);
}

/**
 * A robot of a design, ready for its first `reset`.
 *
 * @throws InputError with what is wrong with its options
 */
export async function createRobot(design: Design, options: RobotOptions): Promise<SimulatedRobot> {
  const where = `robot "${design.name}"`;
  const parsed = parseInput(where, optionsSchema, options);
  if (parsed.distractors > design.mostDistractors)
    throw new InputError(
      `${where}: distractors: expected a number of at most ${design.mostDistractors}, got ${parsed.distractors}`,
    );
  return new SimulatedRobot(await loadPhysics(), design, parsed);
}
