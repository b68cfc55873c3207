import { expect, it } from "vitest";
import { createRobot, robots } from "./robots.ts";
import { recordingSeed, rolloutSeed } from "./seed.ts";

it.each(robots.map(({ name }) => name))(
  "%s: no rollout begins where a recording began, unless asked to",
  async (name) => {
    const design = robots.find((robot) => robot.name === name)!;
    const robot = await createRobot(design, { ...design.defaults, observation: "state" });
    const starts = (seed: number) =>
      Array.from({ length: 200 }, (_, episode) => {
        robot.reset(seed, episode);
        return robot.observeState().state.join();
      });
    const both = [...starts(recordingSeed), ...starts(rolloutSeed)];
    robot.close();
    expect(new Set(both).size).toBe(400);
  },
);
