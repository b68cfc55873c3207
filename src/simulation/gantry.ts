import type { Chance } from "./chance.ts";
import { greys } from "./colour.ts";
import type { Design, Stage } from "./design.ts";
import type { RobotOptions } from "./environment.ts";
import { Gripper, gripperActuators, gripperMotors, gripperParts } from "./gripper.ts";
import { camera, element, model } from "./mjcf.ts";
import { clamp } from "./motion.ts";
import type { Joints, PhysicsWorld, Vector } from "./physics.ts";
import { type Hand, Picking, pickingBodies, pickingGoals } from "./picking.ts";

const framesPerSecond = 20;
/** Metres per second. */
const fastest = 0.5;
/** From the carriage down to the finger tips. */
const drop = 0.12;

const axes = [
  { name: "x", along: [1, 0, 0], low: -0.16, high: 0.16 },
  { name: "y", along: [0, 1, 0], low: -0.16, high: 0.16 },
  { name: "z", along: [0, 0, 1], low: 0.01, high: 0.16 },
] as const;

const gripper = { name: "gripper", unit: "fraction", part: "gripper", kind: "gripper" } as const;

/** A crane of three slides with a gripper, driven by velocities, that puts the cube named on a pad. */
export const gantry: Design = {
  name: "gantry",
  summary: "a crane of three slides with a gripper, told velocities, puts a cube on a pad",
  controlMode: "joint-velocity",
  framesPerSecond,
  stepLimit: 200,
  holdSteps: 2,
  dofs: [
    ...axes.map(({ name }) => ({
      name: `${name}_velocity`,
      unit: "m/s",
      part: "crane",
      kind: "continuous" as const,
      low: -fastest,
      high: fastest,
      move: fastest,
    })),
    { ...gripper, low: 0, high: 1, move: 0 },
  ],
  states: [...axes.map(({ name }) => ({ name, unit: "m", part: "crane", kind: "continuous" as const })), gripper],
  goals: pickingGoals,
  targetArea: { x: [-0.13, 0.13], y: [-0.13, 0.13], distance: [0, 1] },
  cameras: ["left", "right"],
  defaults: { observation: "pictures", imageSize: 96, distractors: 1, disturbance: 0.05 },
  mostDistractors: 3,
  mjcf,
  stage: (world, options) => new GantryStage(world, options),
};

function mjcf({ distractors }: RobotOptions): string {
  const slides = axes.map(({ name, along, low, high }) =>
    element("joint", { name, type: "slide", axis: along, range: [low - 0.02, high + 0.02], armature: 0.5 }),
  );
  const shaft = { type: "capsule", fromto: [0, 0, 0, 0, 0, -0.3], size: [0.014], rgba: greys.link } as const;
  return model("gantry", {
    world: [
      element("geom", { type: "plane", size: [0.3, 0.3, 0.1], rgba: greys.table }),
      camera("left", { from: [-0.3, -0.45, 0.42], to: [0, 0, 0.03], fovy: 40 }),
      camera("right", { from: [0.3, -0.45, 0.42], to: [0, 0, 0.03], fovy: 40 }),
      ...pickingBodies(distractors),
      element(
        "body",
        { name: "carriage", pos: [0, 0, drop], euler: [0, 0, 0], gravcomp: 1 },
        ...slides,
        element(
          "body",
          { name: "hand", euler: [Math.PI, 0, 0], gravcomp: 1 },
          element("geom", { ...shaft, contype: 0, conaffinity: 0, mass: 0.2 }),
          ...gripperParts("", drop),
        ),
      ),
    ],
    actuators: [
      ...axes.map(({ name }) => element("velocity", { joint: name, kv: 25, ctrlrange: [-fastest, fastest] })),
      ...gripperActuators(""),
    ],
  });
}

class GantryStage implements Stage, Hand {
  readonly #world: PhysicsWorld;
  readonly #slides: Joints;
  readonly #gripper: Gripper;
  readonly #picking: Picking;

  constructor(world: PhysicsWorld, { distractors }: RobotOptions) {
    this.#world = world;
    this.#slides = world.joints(axes.map(({ name }) => name));
    this.#gripper = new Gripper(world, "");
    this.#picking = new Picking(world, distractors);
  }

  begin(chance: Chance): string {
    this.#slides.place(axes.map(({ name, low, high }) => chance.between(name, name === "z" ? 0.09 : low, high)));
    this.#gripper.start(1);
    this.command([0, 0, 0, 1]);
    const half = 0.13;
    return this.#picking.begin(chance, (what) => [
      chance.between(`${what} x`, -half, half),
      chance.between(`${what} y`, -half, half),
      0,
    ]);
  }

  state(): readonly number[] {
    return [...this.#slides.read(), this.#gripper.opening()];
  }

  goal(): readonly number[] {
    return this.#picking.goal();
  }

  target(): Vector {
    return this.#picking.target();
  }

  moveTarget(to: Vector): void {
    this.#picking.moveTarget(to);
  }

  command([x = 0, y = 0, z = 0, opening = 0]: readonly number[]): void {
    // A slide stops at its end, whatever it is told.
    const now = this.#slides.read();
    const kept = [x, y, z].map((speed, at) => {
      const { low, high } = axes[at]!;
      return clamp(speed, (low - now[at]!) * framesPerSecond, (high - now[at]!) * framesPerSecond);
    });
    this.#world.control([...kept, ...gripperMotors(opening)]);
  }

  isReached(): boolean {
    return this.#picking.isReached(this);
  }

  expert(): () => readonly number[] {
    return this.#picking.expert(this);
  }

  tip(): Vector {
    return this.#gripper.tip();
  }

  opening(): number {
    return this.#gripper.opening();
  }

  reach(place: Vector, _yaw: number, opening: number): number[] {
    const tip = this.tip();
    const speed = (axis: 0 | 1 | 2) => clamp(8 * (place[axis] - tip[axis]), -0.6 * fastest, 0.6 * fastest);
    return [speed(0), speed(1), speed(2), opening];
  }
}
