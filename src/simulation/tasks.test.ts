import { afterEach, describe, expect, it } from "vitest";
import { colours } from "./colour.ts";
import type { RobotEnvironment, RobotOptions } from "./environment.ts";
import { createRobot, findRobot, robots } from "./robots.ts";

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

type Point = readonly [number, number, number];

/** A camera as its robot's model has it, and the side of its square picture. */
interface Eye {
  readonly from: Point;
  readonly to: Point;
  readonly degrees: number;
}

const side = 96;

/** Where a point comes to stand in a picture: row and column. Looking straight down, y is up in it. */
function pixelOf(point: Point, { from, to, degrees }: Eye): [row: number, column: number] {
  const minus = (one: Point, other: Point): Point => [one[0] - other[0], one[1] - other[1], one[2] - other[2]];
  const dot = (one: Point, other: Point) => one[0] * other[0] + one[1] * other[1] + one[2] * other[2];
  const cross = (one: Point, other: Point): Point => [
    one[1] * other[2] - one[2] * other[1],
    one[2] * other[0] - one[0] * other[2],
    one[0] * other[1] - one[1] * other[0],
  ];
  const unit = (one: Point): Point => {
    const length = Math.sqrt(dot(one, one));
    return [one[0] / length, one[1] / length, one[2] / length];
  };
  const along = unit(minus(to, from));
  const right = unit(cross(along, along[2] < -0.999 ? [0, 1, 0] : [0, 0, 1]));
  const up = cross(right, along);
  const seen = minus(point, from);
  const scale = side / 2 / Math.tan((degrees * Math.PI) / 360) / dot(seen, along);
  return [Math.floor(side / 2 - scale * dot(seen, up)), Math.floor(side / 2 + scale * dot(seen, right))];
}

/** The name of the colour that a pixel has in some shade; `null` for greys. */
function nameOf(pixel: readonly number[]): string | null {
  if (Math.max(...pixel) - Math.min(...pixel) < 40) return null;
  const length = Math.hypot(...pixel);
  const alike = ([, colour]: readonly [string, readonly number[]]) =>
    colour.reduce((sum, value, channel) => sum + value * pixel[channel]!, 0) / Math.hypot(...colour) / length;
  return Object.entries(colours).reduce((best, one) => (alike(one) > alike(best) ? one : best))[0];
}

const words = Object.keys(colours).join("|");
const pickingPattern = new RegExp(`the (${words}) cube .*the (${words}) (?:pad|circle)$`);

/** What an instruction names, in its order, and where the state of the robot that is told says that it is. */
const tasks: readonly {
  readonly name: string;
  readonly camera: string;
  readonly eye: Eye;
  readonly named: RegExp;
  readonly places: (goal: readonly number[]) => Point[];
}[] = [
  {
    name: "pusher",
    camera: "top",
    eye: { from: [0, 0, 0.9], to: [0, 0, 0], degrees: 36 },
    named: new RegExp(`(${words})(?: place| circle)?$`),
    places: ([, , x = 0, y = 0]) => [[x, y, 0]],
  },
  {
    name: "arm",
    camera: "front",
    eye: { from: [0.58, 0, 0.46], to: [0.18, 0, 0.04], degrees: 42 },
    named: pickingPattern,
    places: ([x = 0, y = 0, z = 0, , padX = 0, padY = 0]) => [
      [x, y, z],
      [padX, padY, 0],
    ],
  },
  {
    name: "gantry",
    camera: "left",
    eye: { from: [-0.3, -0.45, 0.42], to: [0, 0, 0.03], degrees: 40 },
    named: pickingPattern,
    places: ([x = 0, y = 0, z = 0, , padX = 0, padY = 0]) => [
      [x, y, z],
      [padX, padY, 0],
    ],
  },
  {
    name: "bimanual",
    camera: "top",
    eye: { from: [0, 0, 1], to: [0, 0, 0], degrees: 38 },
    named: new RegExp(`(${words}) bar`),
    places: ([x = 0, y = 0, z = 0]) => [[x, y, z]],
  },
];

it.each(tasks)(
  "$name: what the instruction names has that colour in the picture, at the place that the state tells",
  async ({ name, camera, eye, named, places }) => {
    const robot = await make(name, { observation: "state", distractors: 2, imageSize: side });
    const { states } = findRobot(name);
    let found = 0;
    for (let episode = 0; episode < 12; episode++) {
      robot.reset(4, episode);
      const { state, instruction } = robot.observeState();
      const wanted = named.exec(instruction)?.slice(1) ?? [];
      const points = places([...state.slice(states.length)]);
      expect(wanted, instruction).toHaveLength(points.length);
      const { cells } = robot.show().get(`observation.images.${camera}`)!;
      for (const [at, point] of points.entries()) {
        const [row, column] = pixelOf(point, eye);
        const from = 3 * (row * side + column);
        const shown = nameOf([...cells.subarray(from, from + 3)]);
        // Where the robot hides it there is grey.
        if (shown === null) continue;
        expect(shown, `${instruction}, episode ${episode}`).toBe(wanted[at]);
        found++;
      }
    }
    expect(found).toBeGreaterThan(6);
  },
);

it.each(robots.map(({ name, mostDistractors }) => ({ name, mostDistractors })))(
  "$name has room for the goal and $mostDistractors things of other colours, in every episode",
  async ({ name, mostDistractors }) => {
    const robot = await make(name, { observation: "state", distractors: mostDistractors });
    const starts = Array.from({ length: 40 }, (_, episode) => {
      robot.reset(6, episode);
      return robot.observeState().state.join();
    });
    expect(new Set(starts).size).toBe(40);
  },
);

describe("an episode succeeds where its goal has held for so many steps in a row, and not before", () => {
  it("reacher: the tip is within 25 mm of the dot for four steps; once it has left they are counted anew", async () => {
    const robot = await make("reacher", { observation: "state", disturbance: 0 });
    for (let episode = 0; episode < 3; episode++) {
      robot.reset(3, episode);
      let [held, leaving, hasLeft] = [0, 0, false];
      const successes: boolean[] = [];
      const expected: boolean[] = [];
      for (let step = 0; step < 60; step++) {
        const [shoulder = 0, elbow = 0, x = 0, y = 0] = robot.observeState().state;
        const bent = Math.acos((x * x + y * y) / (2 * 0.12 ** 2) - 1);
        const goal = [Math.atan2(y, x) - bent / 2, bent];
        if (held === 2 && !hasLeft) [hasLeft, leaving] = [true, 3];
        robot.act(leaving-- > 0 ? [shoulder + 0.4, elbow] : goal);
        const [s = 0, e = 0] = robot.observeState().state;
        const tip = [0.12 * (Math.cos(s) + Math.cos(s + e)), 0.12 * (Math.sin(s) + Math.sin(s + e))];
        held = Math.hypot(tip[0]! - x, tip[1]! - y) < 0.025 ? held + 1 : 0;
        successes.push(robot.isSuccess());
        expected.push(held >= 4);
      }
      expect(successes).toEqual(expected);
      expect([hasLeft, expected.at(-1)]).toEqual([true, true]);
    }
  });

  it("pusher: the puck is within 35 mm of its place for three steps", async () => {
    const robot = await make("pusher", { observation: "state" });
    for (let episode = 0; episode < 3; episode++) {
      robot.reset(5, episode);
      let [held, steps] = [0, 0];
      for (; !robot.isSuccess() && steps < 100; steps++) {
        robot.act(robot.demonstrate());
        const [, , , puckX = 0, puckY = 0, goalX = 0, goalY = 0] = robot.observeState().state;
        held = Math.hypot(puckX - goalX, puckY - goalY) < 0.035 ? held + 1 : 0;
        expect(robot.isSuccess()).toBe(held >= 3);
      }
      expect(steps).toBeLessThan(100);
    }
  });
});

it("a control step takes one frame's time: a slide told 0.1 m/s goes as far in half a second as it should", async () => {
  const robot = await make("gantry", { observation: "state", disturbance: 0 });
  robot.reset(1, 2);
  const x = () => robot.observeState().state[0]!;
  const way = x() > 0 ? -1 : 1;
  // It has come to its speed after the first steps.
  for (let step = 0; step < 2; step++) robot.act([0.1 * way, 0, 0, 1]);
  const from = x();
  const frames = robot.framesPerSecond / 2;
  for (let step = 0; step < frames; step++) robot.act([0.1 * way, 0, 0, 1]);
  expect(way * (x() - from)).toBeCloseTo(0.05, 3);
});
