import { describe, expect, it } from "vitest";
import type { RobotOptions } from "./environment.ts";
import { createRobot, findRobot } from "./robots.ts";

function make(name: string, changes: Partial<RobotOptions>) {
  const design = findRobot(name);
  return createRobot(design, { ...design.defaults, ...changes });
}

describe("what is refused", () => {
  it("an unknown robot, with the nearest name", () => {
    expect(() => findRobot("reachr")).toThrow(
      'robot: expected one of reacher, pusher, arm, bimanual, gantry, got "reachr"; did you mean "reacher"?',
    );
  });

  it("options out of range, all at once", async () => {
    await expect(make("arm", { imageSize: 8, disturbance: 3 })).rejects.toThrow(
      'robot "arm": imageSize: expected a number of at least 16, got 8; disturbance: expected a number of at most 1, got 3',
    );
  });

  it("more things of other colours than there is room for, or than there are colours", async () => {
    await expect(make("bimanual", { distractors: 3 })).rejects.toThrow(
      'robot "bimanual": distractors: expected a number of at most 2, got 3',
    );
    await expect(make("arm", { distractors: 4 })).rejects.toThrow("expected a number of at most 3, got 4");
  });

  it("a command of another width or with a number that is none", async () => {
    const robot = await make("reacher", {});
    robot.reset(0, 0);
    expect(() => robot.act([1])).toThrow('robot "reacher": expected 2 finite numbers, got 1');
    expect(() => robot.act([1, Number.NaN])).toThrow('robot "reacher": expected 2 finite numbers, got 1, NaN');
    robot.close();
  });
});
