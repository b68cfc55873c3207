import { InputError } from "../input-error.ts";
import type { Recipe } from "../recipe/schema.ts";
import { findRobot } from "../simulation/robots.ts";
import type { RolloutChoice } from "./roll-out.ts";

/**
 * What a recipe asks to be rolled out inside training, robot by robot.
 *
 * @throws InputError where it asks for nothing, or for a robot that is unknown
 */
export function rolloutChoices({ rollout }: Pick<Recipe, "rollout">): RolloutChoice[] {
  if (rollout === undefined) throw new InputError("rollout: expected what to roll out, got a recipe without");
  const { robots, episodes, seed, execute, delay, sideBySide } = rollout;
  return robots.map(({ name, dataset }) => ({
    design: findRobot(name),
    dataset,
    episodes,
    seed,
    execute,
    delay,
    sideBySide,
    options: (fitting) => fitting,
    films: null,
  }));
}
