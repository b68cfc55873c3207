import { greys } from "./colour.ts";
import { element } from "./mjcf.ts";
import type { Joints, PhysicsWorld, Vector } from "./physics.ts";

/** How far each finger slides outwards. */
const travel = 0.042;

const sides = [
  { name: "left finger", side: 1 },
  { name: "right finger", side: -1 },
] as const;

/** Attributes of a thing that can be gripped, and of what grips. */
export const grippable = { friction: [2, 0.05, 0.001], condim: 4, solimp: [0.98, 0.99, 0.001] } as const;

/** A palm and two fingers that slide along y; their tips meet at `reach` along z, where there is a site "tip". */
export function gripperParts(prefix: string, reach: number): string[] {
  const palm = { type: "box", size: [0.012, 0.052, 0.012], pos: [0, 0, reach - 0.06], rgba: greys.tool } as const;
  const finger = ({ name, side }: (typeof sides)[number]) => {
    const slide = { type: "slide", axis: [0, side, 0], range: [0, travel], armature: 0.2, damping: 2 } as const;
    const plate = { type: "box", size: [0.013, 0.005, 0.026], pos: [0, side * 0.005, -0.02], mass: 0.02 } as const;
    return element(
      "body",
      { name: `${prefix}${name}`, pos: [0, 0, reach], gravcomp: 1 },
      element("joint", { name: `${prefix}${name} slide`, ...slide }),
      element("geom", { ...plate, rgba: greys.tool, ...grippable }),
    );
  };
  return [
    element("geom", { ...palm, contype: 0, conaffinity: 0, mass: 0.1 }),
    ...sides.map(finger),
    element("site", { name: `${prefix}tip`, pos: [0, 0, reach] }),
  ];
}

/** A motor for each finger. */
export function gripperActuators(prefix: string): string[] {
  const motor = { kp: 300, dampratio: 1, ctrlrange: [0, travel], forcerange: [-8, 8] } as const;
  return sides.map(({ name }) => element("position", { joint: `${prefix}${name} slide`, ...motor }));
}

/** Targets of the two motors for an opening from 0 to 1. */
export function gripperMotors(opening: number): [number, number] {
  return [travel * opening, travel * opening];
}

/** One gripper in a world. */
export class Gripper {
  readonly #fingers: Joints;
  readonly #tip: () => Vector;

  constructor(world: PhysicsWorld, prefix: string) {
    this.#fingers = world.joints(sides.map(({ name }) => `${prefix}${name} slide`));
    this.#tip = world.site(`${prefix}tip`);
  }

  start(opening: number): void {
    this.#fingers.place(gripperMotors(opening));
  }

  /** From 0 to 1. */
  opening(): number {
    const [left = 0, right = 0] = this.#fingers.read();
    return (left + right) / (2 * travel);
  }

  /** The point between the finger tips. */
  tip(): Vector {
    return this.#tip();
  }
}
