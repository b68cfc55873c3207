import { afterEach, expect, it } from "vitest";
import { stream } from "../graph/random.ts";
import { expectSameBits } from "../graph/testing/bits.ts";
import type { RobotEnvironment, RobotOptions } from "./environment.ts";
import { createRobot, findRobot } from "./robots.ts";

const open: RobotEnvironment[] = [];

afterEach(() => {
  for (const robot of open.splice(0)) robot.close();
});

async function make(name: string, changes: Partial<RobotOptions>): Promise<RobotEnvironment> {
  const design = findRobot(name);
  const robot = await createRobot(design, { ...design.defaults, ...changes });
  open.push(robot);
  return robot;
}

it.each([
  ["reacher", [0, 1]],
  ["pusher", [0, 1, 2]],
  // A gripper is told how far to be open, not how far to move; the gantry is told velocities, which no state says.
  ["arm", [0, 1, 2, 3, 4, 5, null]],
  ["bimanual", [0, 1, 2, 3, 4, 5, null, 7, 8, 9, 10, 11, 12, null]],
  ["gantry", [null, null, null, null]],
])("each dof of %s is the state of its name and unit", async (name, expected) => {
  const { embodiment } = await make(name, {});
  expect(embodiment.dofs.map(({ state }) => state)).toEqual(expected);
});

it("what a disturbed robot carries out differs from its command by noise of its seed, its episode and each step", async () => {
  const [disturbed, steady] = [await make("reacher", { disturbance: 0.5 }), await make("reacher", { disturbance: 0 })];
  const { dofs } = findRobot("reacher");
  const noise = stream(4, "disturbance", "reacher");
  for (const robot of [disturbed, steady]) robot.reset(4, 2);
  const start = [...steady.observeState().state];
  for (const step of [0, 1, 2]) {
    disturbed.act(start);
    steady.act(start.map((value, dof) => value + 0.5 * dofs[dof]!.move * noise.normal(dof, step, 2, 0)));
    expectSameBits(`state after step ${step}`, disturbed.observeState().state, steady.observeState().state);
  }
});

it("the pusher's tool begins on both sides of the middle, along either axis", async () => {
  const robot = await make("pusher", { observation: "state" });
  const starts = Array.from({ length: 16 }, (_, episode) => {
    robot.reset(1, episode);
    return robot.observeState().state;
  });
  for (const axis of [0, 1]) {
    const places = starts.map((state) => state[axis]!);
    expect(Math.min(...places)).toBeLessThan(-0.05);
    expect(Math.max(...places)).toBeGreaterThan(0.05);
    expect(Math.max(...places.map(Math.abs))).toBeLessThanOrEqual(0.2);
  }
});
