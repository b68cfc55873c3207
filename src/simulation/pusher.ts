import type { Chance } from "./chance.ts";
import { colourNames, colours, greys } from "./colour.ts";
import type { Design, DesignedEntry, Stage } from "./design.ts";
import type { RobotOptions } from "./environment.ts";
import { element, mark, model, untouchable } from "./mjcf.ts";
import { clamp, distance, towards, wrapped } from "./motion.ts";
import type { Joints, PhysicsWorld, Thing, Vector } from "./physics.ts";

/** The puck counts as there within this distance of the middle of its place. */
const tolerance = 0.035;
const puckRadius = 0.03;
/** From the tool's own middle to that of a puck that lies in it. */
const reach = 0.045;
/** How far the tool keeps from the puck on its way round. */
const berth = 0.12;

const axes = [
  { name: "x", low: -0.26, high: 0.26, move: 0.025 },
  { name: "y", low: -0.26, high: 0.26, move: 0.025 },
  { name: "yaw", low: -2, high: 2, move: 0.25 },
] as const;

/**
 * A scoop that pushes a puck across a table onto a coloured place: first it goes round the puck, then it pushes.
 *
 * Where it starts in front of the puck both ways round are as good, and its expert takes either.
 */
export const pusher: Design = {
  name: "pusher",
  summary: "a scoop on a table pushes a puck onto a coloured place",
  controlMode: "ee",
  framesPerSecond: 10,
  stepLimit: 100,
  holdSteps: 3,
  dofs: axes.map((axis) => ({ ...axis, ...entry(axis.name) })),
  states: axes.map(({ name }) => entry(name)),
  goals: ["puck_x", "puck_y", "goal_x", "goal_y"].map((name) => ({ ...entry(name), unit: "m", part: "goal" })),
  targetArea: { x: [-0.2, 0.2], y: [-0.2, 0.2], distance: [0, 1] },
  cameras: ["top"],
  defaults: { observation: "pictures", imageSize: 96, distractors: 0, disturbance: 0.1 },
  mostDistractors: 4,
  mjcf,
  stage: (world, options) => new PusherStage(world, options),
};

function entry(name: string): DesignedEntry {
  return { name, unit: name === "yaw" ? "rad" : "m", part: "tool", kind: "continuous" };
}

function mjcf({ distractors }: RobotOptions): string {
  return model("pusher", {
    world: [
      element("geom", { type: "plane", size: [0.32, 0.32, 0.1], rgba: greys.table, ...untouchable }),
      element("camera", { name: "top", pos: [0, 0, 0.9], fovy: 36 }),
      ...["place", ...others(distractors)].map((name) => mark(name, 0.045)),
      puckBody(),
      toolBody(),
    ],
    actuators: axes.map(({ name, low, high }) =>
      element("position", { joint: name, kp: 400, dampratio: 1, ctrlrange: [low, high] }),
    ),
  });
}

const slippery = { mass: 0.1, friction: [0.3, 0.005, 0.0001] } as const;

/** It slides and turns on the table, and friction stops it soon. */
function puckBody(): string {
  const shape = { type: "cylinder", size: [puckRadius, 0.015], rgba: "0.95 0.95 0.97 1" } as const;
  return element(
    "body",
    { name: "puck", pos: [0, 0, 0.016] },
    ...planarJoints("puck ", (type) => ({ frictionloss: type === "slide" ? 0.6 : 0.01, damping: 1 })),
    element("geom", { ...shape, ...slippery }),
  );
}

/** A plate with two wings that hold the puck between them. */
function toolBody(): string {
  const plate = { type: "box", rgba: greys.link, ...slippery } as const;
  const wing = (side: 1 | -1) =>
    element("geom", {
      ...plate,
      size: [0.007, 0.018, 0.02],
      pos: [side * 0.042, 0.013, 0],
      euler: [0, 0, -side * 0.75],
    });
  return element(
    "body",
    { name: "tool", pos: [0, 0, 0.022] },
    ...planarJoints("", () => ({ armature: 0.5, damping: 1 })),
    element("geom", { ...plate, size: [0.035, 0.007, 0.02], pos: [0, 0.002, 0] }),
    element("geom", { type: "cylinder", size: [0.012, 0.03], rgba: greys.tool, ...untouchable }),
    wing(1),
    wing(-1),
  );
}

function planarJoints(prefix: string, how: (type: "slide" | "hinge") => Readonly<Record<string, number>>): string[] {
  const joint = (name: string, type: "slide" | "hinge", axis: Vector) =>
    element("joint", { name: `${prefix}${name}`, type, axis, ...how(type) });
  return [joint("x", "slide", [1, 0, 0]), joint("y", "slide", [0, 1, 0]), joint("yaw", "hinge", [0, 0, 1])];
}

function others(count: number): string[] {
  return Array.from({ length: count }, (_, at) => `other place ${at}`);
}

const phrases = ["push the puck onto the # place", "move the puck to #", "bring the puck to the # circle"] as const;

class PusherStage implements Stage {
  readonly #world: PhysicsWorld;
  readonly #tool: Joints;
  readonly #puck: Joints;
  readonly #places: readonly Thing[];

  constructor(world: PhysicsWorld, { distractors }: RobotOptions) {
    this.#world = world;
    this.#tool = world.joints(axes.map(({ name }) => name));
    this.#puck = world.joints(["puck x", "puck y"]);
    this.#places = ["place", ...others(distractors)].map((name) => world.thing(name));
  }

  begin(chance: Chance): string {
    const puck = [chance.between("puck x", -0.11, 0.11), chance.between("puck y", -0.1, 0.02)];
    this.#puck.place(puck);
    const painted = chance.pickSeveral("colour", colourNames, this.#places.length);
    const middles = chance.arrange(
      this.#places.length,
      (at, attempt): Vector => [
        chance.between(`place ${at} x ${attempt}`, -0.17, 0.17),
        chance.between(`place ${at} y ${attempt}`, 0.1, 0.2),
        0,
      ],
      (drawn, before) => before.every((other) => distance(other, drawn) > 0.1),
    );
    for (const [at, thing] of this.#places.entries()) {
      thing.place(middles[at]!, 0);
      thing.paint(colours[painted[at]!]);
    }
    const start = chance.until(
      (attempt) => [
        chance.between(`tool x ${attempt}`, -0.2, 0.2),
        chance.between(`tool y ${attempt}`, -0.2, 0.2),
        chance.between(`tool yaw ${attempt}`, -0.6, 0.6),
      ],
      (drawn) => distance(drawn, puck) > berth,
    );
    this.#tool.place(start);
    this.#world.control(start);
    return chance.pick("phrase", phrases).replace("#", painted[0]!);
  }

  state(): readonly number[] {
    return this.#tool.read();
  }

  goal(): readonly number[] {
    return [...this.#puck.read(), ...this.#goal()];
  }

  target(): Vector {
    return this.#places[0]!.position();
  }

  moveTarget(to: Vector): void {
    this.#places[0]!.place(to, 0);
  }

  command(action: readonly number[]): void {
    this.#world.control(action);
  }

  isReached(): boolean {
    return distance(this.#puck.read(), this.#goal()) < tolerance;
  }

  expert(chance: Chance): () => readonly number[] {
    const side = this.#sideOfWay(chance);
    let isBehind = false;
    return () => {
      const [puck, tool] = [this.#puck.read(), this.#tool.read()];
      const course = direction(puck, this.#goal());
      isBehind = isBehind ? this.#holds(puck, tool, course) : this.#isPlaced(puck, tool, course);
      const next = isBehind ? this.#push(puck, tool, course) : goRound(puck, tool, course, side);
      return towards(
        tool,
        next,
        pusher.dofs.map(({ move }) => move),
      );
    };
  }

  /** 1 to go round the puck anticlockwise, −1 clockwise: the shorter way, or either where both are about as long. */
  #sideOfWay(chance: Chance): number {
    const turn = turnLeft(this.#puck.read(), this.#tool.read(), direction(this.#puck.read(), this.#goal()));
    return Math.abs(turn) > bothWaysFrom ? chance.pick("side", [1, -1]) : Math.sign(turn);
  }

  /** Whether the tool stands behind the puck, seen from its goal, and looks along the course. */
  #isPlaced(puck: readonly number[], tool: readonly number[], course: number): boolean {
    const isTurned = Math.abs(wrapped(tool[2]! + Math.PI / 2 - course)) < 0.2;
    return isTurned && Math.abs(turnLeft(puck, tool, course)) < 0.2 && distance(puck, tool) < 1.25 * berth;
  }

  #holds(puck: readonly number[], tool: readonly number[], course: number): boolean {
    return Math.abs(turnLeft(puck, tool, course)) < 0.9 && distance(puck, tool) < 1.5 * berth;
  }

  #push(puck: readonly number[], tool: readonly number[], course: number): number[] {
    const left = distance(puck, this.#goal());
    // Behind the puck and on the line to the goal first, then forward as far as the goal.
    const gap = distance(puck, tool) > reach + 0.01 ? reach : reach - Math.min(left, 0.03);
    const yaw = left < tolerance / 2 ? tool[2]! : course - Math.PI / 2;
    return [puck[0]! - gap * Math.cos(course), puck[1]! - gap * Math.sin(course), yaw];
  }

  #goal(): readonly number[] {
    return this.#places[0]!.position().slice(0, 2);
  }
}

/** From this angle on, of a half turn at most, both ways round count as equally good. */
const bothWaysFrom = 2.2;

function direction(from: readonly number[], to: readonly number[]): number {
  return Math.atan2(to[1]! - from[1]!, to[0]! - from[0]!);
}

/** The turn about the puck, anticlockwise, that brings the tool behind it. */
function turnLeft(puck: readonly number[], tool: readonly number[], course: number): number {
  return wrapped(course + Math.PI - direction(puck, tool));
}

/** A point further round the puck, and the yaw that the push will need. */
function goRound(puck: readonly number[], tool: readonly number[], course: number, side: number): number[] {
  const turn = turnLeft(puck, tool, course);
  // Once nearly there the shorter way counts: overshooting must not start another round.
  const way = Math.abs(turn) < 1 ? Math.sign(turn) : side;
  const remaining = way > 0 === turn > 0 ? Math.abs(turn) : 2 * Math.PI - Math.abs(turn);
  const angle = direction(puck, tool) + way * Math.min(remaining, 0.5);
  const radius = clamp(distance(puck, tool), berth, 1.2 * berth);
  return [puck[0]! + radius * Math.cos(angle), puck[1]! + radius * Math.sin(angle), clamp(course - Math.PI / 2, -2, 2)];
}
