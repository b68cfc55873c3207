import { afterEach, expect, it } from "vitest";
import { stream } from "../graph/random.ts";
import { expectSameBits } from "../graph/testing/bits.ts";
import type { RobotEnvironment, RobotOptions } from "./environment.ts";
import { createRobot, findRobot } from "./robots.ts";
import type { SimulatedRobot } from "./simulated-robot.ts";

const open: RobotEnvironment[] = [];

afterEach(() => {
  for (const robot of open.splice(0)) robot.close();
});

async function make(name: string, changes: Partial<RobotOptions>): Promise<SimulatedRobot> {
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

it.each(["reacher", "pusher", "arm", "bimanual", "gantry"])(
  "the target of %s is where it was put last",
  async (name) => {
    const robot = await make(name, { observation: "state", distractors: 0 });
    const { x, y } = findRobot(name).targetArea;
    robot.reset(1, 0);
    const goal = [...robot.observeState().state];
    robot.moveTarget([x[1] - 0.01, y[1] - 0.01]);
    const [across, along] = robot.target;
    expect(Math.hypot(across - x[1] + 0.01, along - y[1] + 0.01)).toBeLessThan(0.12);
    const moved = [...robot.observeState().state];
    // The policy is told: of the state the entries of the goal have changed, and no other.
    const { states } = robot.embodiment;
    const changed = states.filter((_, entry) => moved[entry] !== goal[entry]).map((entry) => entry.name);
    expect(changed.length).toBeGreaterThan(0);
    expect(moved).toContain(across);
    expect(states.filter(({ name }) => changed.includes(name)).map(({ part }) => part)).toEqual(
      changed.map(() => "goal"),
    );
  },
);

it("a target that is moved has to be reached anew", async () => {
  const robot = await make("reacher", { observation: "state", disturbance: 0 });
  robot.reset(3, 1);
  while (!robot.isSuccess()) robot.act(robot.demonstrate());
  robot.moveTarget([robot.target[0], robot.target[1]]);
  expect(robot.isSuccess()).toBe(false);
});

it.each(["top", "front"])(
  "a point of what camera %s sees is the place on the table where the target is painted",
  async (camera) => {
    const robot = await make(camera === "top" ? "reacher" : "arm", { observation: "state", distractors: 0 });
    robot.reset(1, 0);
    robot.moveTarget(camera === "top" ? [0.12, -0.1] : [0.22, -0.12]);
    const side = 240;
    const key = `observation.images.${camera}`;
    const before = robot.show(side).get(key)!.cells.slice();
    const at = robot.target;
    robot.moveTarget(camera === "top" ? [-0.12, 0.1] : [0.22, 0.15]);
    const after = robot.show(side).get(key)!.cells;
    // Pixels that changed in the half of the picture in which the target was first: its disc.
    const seen = robot.tableAt(key, { across: 0.5, down: 0.5 })!;
    const pixels = Array.from({ length: side * side }, (_, pixel) => pixel).filter((pixel) => {
      const isChanged = [0, 1, 2].some((channel) => before[3 * pixel + channel] !== after[3 * pixel + channel]);
      const place = robot.tableAt(key, {
        across: ((pixel % side) + 0.5) / side,
        down: (Math.floor(pixel / side) + 0.5) / side,
      });
      return isChanged && place !== null && Math.hypot(place[0] - at[0], place[1] - at[1]) < 0.1;
    });
    const mean = (of: (pixel: number) => number) => pixels.reduce((sum, pixel) => sum + of(pixel), 0) / pixels.length;
    expect(pixels.length).toBeGreaterThan(50);
    const middle = robot.tableAt(key, {
      across: (mean((pixel) => pixel % side) + 0.5) / side,
      down: (mean((pixel) => Math.floor(pixel / side)) + 0.5) / side,
    })!;
    expect(Math.hypot(middle[0] - at[0], middle[1] - at[1])).toBeLessThan(0.006);
    expect(seen[2]).toBe(0);
  },
);

it("a point above the horizon is no place on the table", async () => {
  const robot = await make("arm", { observation: "state" });
  robot.reset(1, 0);
  const lowest = robot.tableAt("observation.images.front", { across: 0.5, down: 1 });
  expect(lowest![2]).toBe(0);
  expect(robot.tableAt("observation.images.front", { across: 0.5, down: -2 })).toBeNull();
  expect(() => robot.tableAt("observation.images.back", { across: 0.5, down: 0.5 })).toThrow(
    'expected a camera of "arm"',
  );
});
