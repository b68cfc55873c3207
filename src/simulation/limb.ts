import { greys } from "./colour.ts";
import type { DesignedDof, DesignedEntry } from "./design.ts";
import { Gripper, gripperActuators, gripperMotors, gripperParts } from "./gripper.ts";
import { camera, element } from "./mjcf.ts";
import { clamp, wrapped } from "./motion.ts";
import type { Joints, PhysicsWorld, Vector } from "./physics.ts";

/** Lengths in metres: table to shoulder, upper arm, forearm, wrist to the point between the finger tips. */
const size = { shoulder: 0.14, upper: 0.2, fore: 0.2, hand: 0.14 } as const;
/** What the tip moves in one control step at most. */
const stride = 0.02;

const hinges = [
  { name: "waist", low: -1.7, high: 1.7, axis: [0, 0, 1] },
  { name: "shoulder", low: -0.6, high: 1.8, axis: [0, 1, 0] },
  { name: "elbow", low: 0.2, high: 2.7, axis: [0, 1, 0] },
  { name: "forearm_roll", low: -1.5, high: 1.5, axis: [0, 0, 1] },
  { name: "wrist_pitch", low: -0.6, high: 2.3, axis: [0, 1, 0] },
  { name: "wrist_roll", low: -2.2, high: 2.2, axis: [0, 0, 1] },
] as const;

/** Dofs of an arm of six joints with a gripper: joint angles, then how far the gripper is open, from 0 to 1. */
export function limbDofs(prefix: string, part: string): DesignedDof[] {
  const joints = hinges.map(({ name, low, high }) => ({
    name: `${prefix}${name}`,
    unit: "rad",
    part,
    kind: "continuous" as const,
    low,
    high,
    move: 0.25,
  }));
  const gripper = { name: `${prefix}gripper`, unit: "fraction", part: `${part} gripper`, kind: "gripper" as const };
  return [...joints, { ...gripper, low: 0, high: 1, move: 0 }];
}

/** State entries of an arm: the same as its dofs. */
export function limbStates(prefix: string, part: string): DesignedEntry[] {
  return limbDofs(prefix, part).map(({ name, unit, part: own, kind }) => ({ name, unit, part: own, kind }));
}

/** Where an arm stands, and whether a camera sits on its hand. */
export interface LimbPlace {
  readonly prefix: string;
  readonly base: Vector;
  /** The way it looks, about the vertical. */
  readonly turn: number;
  readonly camera: string | null;
}

/** The arm as a body of a model. */
export function limbBody({ prefix, base, turn, camera: eye }: LimbPlace): string {
  const bone = (length: number, radius: number) =>
    element("geom", { type: "capsule", fromto: [0, 0, 0, 0, 0, length], size: [radius], rgba: greys.link, ...light });
  const knob = (radius: number) => element("geom", { type: "sphere", size: [radius], rgba: greys.joint, ...light });
  const joint = (at: number) => {
    const { name, low, high, axis } = hinges[at]!;
    return element("joint", { name: `${prefix}${name}`, axis, range: [low, high], armature: 0.1, damping: 0.2 });
  };
  const body = (name: string, z: number, ...inside: string[]) =>
    element("body", { name: `${prefix}${name}`, pos: [0, 0, z], gravcomp: 1 }, ...inside);
  const hand = body(
    "hand",
    0.05,
    joint(5),
    ...(eye === null ? [] : [camera(eye, { from: [0.07, 0, 0], to: [0.01, 0, 0.09], fovy: 75 })]),
    ...gripperParts(prefix, size.hand - 0.05),
  );
  const wrist = body("wrist", size.fore / 2, joint(4), knob(0.022), bone(0.05, 0.016), hand);
  const roll = body("roll", size.fore / 2, joint(3), bone(size.fore / 2, 0.017), wrist);
  const fore = body("fore", size.upper, joint(2), knob(0.028), bone(size.fore / 2, 0.02), roll);
  const upper = body("upper", size.shoulder, joint(1), knob(0.032), bone(size.upper, 0.024), fore);
  const foot = { type: "cylinder", size: [0.045, size.shoulder / 2], pos: [0, 0, size.shoulder / 2] } as const;
  return element(
    "body",
    { name: `${prefix}foot`, pos: base, euler: [0, 0, turn], gravcomp: 1 },
    joint(0),
    element("geom", { ...foot, rgba: greys.joint, ...light }),
    upper,
  );
}

const light = { contype: 0, conaffinity: 0, mass: 0.1 } as const;

/** Motors of an arm, in the order of its dofs, with one for each finger. */
export function limbActuators(prefix: string): string[] {
  const hinge = ({ name, low, high }: (typeof hinges)[number]) =>
    element("position", { joint: `${prefix}${name}`, kp: 70, dampratio: 1, ctrlrange: [low, high] });
  return [...hinges.map(hinge), ...gripperActuators(prefix)];
}

/** One arm in a world. */
export class Limb {
  readonly #joints: Joints;
  readonly #gripper: Gripper;
  readonly #place: LimbPlace;

  constructor(world: PhysicsWorld, place: LimbPlace) {
    const { prefix } = place;
    this.#joints = world.joints(hinges.map(({ name }) => `${prefix}${name}`));
    this.#gripper = new Gripper(world, prefix);
    this.#place = place;
  }

  /** Puts joints and fingers where a command of the arm's dofs would bring them. */
  start(values: readonly number[]): void {
    this.#joints.place(values);
    this.#gripper.start(values[6]!);
  }

  state(): number[] {
    return [...this.#joints.read(), this.#gripper.opening()];
  }

  tip(): Vector {
    return this.#gripper.tip();
  }

  /** How far the gripper is open, from 0 to 1. */
  opening(): number {
    return this.#gripper.opening();
  }

  /** The command that brings the tip a step closer to a place, pointing down, the fingers along `yaw` of the world. */
  reach(place: Vector, yaw: number, opening: number): number[] {
    const tip = this.#gripper.tip();
    const length = Math.hypot(place[0] - tip[0], place[1] - tip[1], place[2] - tip[2]);
    const share = Math.min(1, stride / Math.max(length, 1e-9));
    const along = (axis: 0 | 1 | 2) => tip[axis] + share * (place[axis] - tip[axis]);
    const now = this.#joints.read();
    const wanted = this.solve([along(0), along(1), along(2)], yaw);
    // The forearm unwinds little by little: at once, the tip would leave its way.
    wanted[forearmRoll] = unwinding * now[forearmRoll]!;
    return [...wanted.map((value, at) => clamp(value, now[at]! - hingeMove, now[at]! + hingeMove)), opening];
  }

  /** The joint angles at which the hand points down on a place. */
  solve(place: Vector, yaw: number): number[] {
    const { base, turn } = this.#place;
    const [x, y] = [place[0] - base[0], place[1] - base[1]];
    const waist = wrapped(Math.atan2(y, x) - turn);
    const [out, up] = [Math.hypot(x, y), place[2] - base[2] + size.hand - size.shoulder];
    const length = clamp(Math.hypot(out, up), 0.1, 0.99 * (size.upper + size.fore));
    const cosine = (length ** 2 - size.upper ** 2 - size.fore ** 2) / (2 * size.upper * size.fore);
    const elbow = Math.acos(clamp(cosine, -1, 1));
    const inner = Math.atan2(size.fore * Math.sin(elbow), size.upper + size.fore * Math.cos(elbow));
    const shoulder = Math.atan2(out, up) - inner;
    // A grip is the same after half a turn: of the two the one nearer to straight.
    const roll = waist + turn - yaw;
    const nearest = roll - Math.PI * Math.round(roll / Math.PI);
    return [waist, shoulder, elbow, 0, Math.PI - shoulder - elbow, nearest];
  }
}

const hingeMove = 0.25;
const forearmRoll = 3;
/** What is left of the forearm's roll after a step. */
const unwinding = 0.6;

/** Targets of an arm's motors for a command of its dofs. */
export function motors(values: readonly number[]): number[] {
  return [...values.slice(0, 6), ...gripperMotors(values[6]!)];
}
