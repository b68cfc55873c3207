import type { Chance } from "./chance.ts";
import { type Colour, colourNames, colours } from "./colour.ts";
import type { DesignedEntry } from "./design.ts";
import { grippable } from "./gripper.ts";
import { element, mark } from "./mjcf.ts";
import { distance } from "./motion.ts";
import type { PhysicsWorld, Thing, Vector } from "./physics.ts";

/** Half the side of a cube. */
export const half = 0.018;
/** A cube counts as put down within this distance of the pad's middle. */
const tolerance = 0.04;

/** A hand above a table. */
export interface Hand {
  /** The point between the finger tips. */
  tip(): Vector;
  /** From 0 to 1. */
  opening(): number;
  /** The command that brings the tip a step closer to a place, the fingers along `yaw`. */
  reach(place: Vector, yaw: number, opening: number): number[];
}

/** Where the cube is, how it is turned, and where the pad is. */
export const pickingGoals: readonly DesignedEntry[] = ["cube_x", "cube_y", "cube_z", "cube_yaw", "pad_x", "pad_y"].map(
  (name) => ({ name, unit: name === "cube_yaw" ? "rad" : "m", part: "goal", kind: "continuous" }),
);

/** Cubes and a pad on a table: one cube is to be put on the pad, the others are distractors. */
export class Picking {
  readonly #cubes: readonly Thing[];
  readonly #pad: Thing;

  constructor(world: PhysicsWorld, distractors: number) {
    this.#cubes = cubeNames(distractors).map((name) => world.thing(name));
    this.#pad = world.thing("pad");
  }

  /** Places and paints everything; returns the instruction. */
  begin(chance: Chance, place: (what: string) => Vector): string {
    const painted = chance.pickSeveral("colour", colourNames, this.#cubes.length + 1);
    const things = [this.#pad, ...this.#cubes];
    const places = chance.arrange(
      things.length,
      (at, attempt) => place(`thing ${at} ${attempt}`),
      (drawn, before) => before.every((other) => distance(other, drawn) > 0.09),
    );
    for (const [at, thing] of things.entries()) {
      const [x, y] = places[at]!;
      thing.place([x, y, at === 0 ? 0 : half], at === 0 ? 0 : chance.between(`turn ${at}`, -0.3, 0.3));
      thing.paint(colours[painted[at]!]);
    }
    const [onto, cube]: (Colour | undefined)[] = painted;
    return chance.pick("phrase", phrases).replace("#", `${cube}`).replace("#", `${onto}`);
  }

  /** In the order of `pickingGoals`. */
  goal(): number[] {
    const [cube, onto] = [this.#cubes[0]!, this.#pad.position()];
    return [...cube.position(), cube.yaw(), onto[0], onto[1]];
  }

  /** The pad. */
  target(): Vector {
    return this.#pad.position();
  }

  moveTarget(to: Vector): void {
    this.#pad.place(to, 0);
  }

  /** Whether the cube lies on the pad and the hand has let go of it. */
  isReached(hand: Hand): boolean {
    const cube = this.#cubes[0]!.position();
    const isDown = cube[2] < 1.3 * half && distance(cube, this.#pad.position()) < tolerance;
    return isDown && hand.opening() > 0.7 && hand.tip()[2] > 3 * half;
  }

  /**
   * Fetches the cube and puts it down, then stays above it.
   *
   * Its command depends on the observation alone, so that a policy with the same observation can learn it; after a missed grip it
   * starts again.
   */
  expert(hand: Hand): () => number[] {
    return () => {
      const cube = this.#cubes[0]!;
      const { place, opening } = this.#next(hand, cube.position(), this.#pad.position());
      return hand.reach(place, cube.yaw(), opening);
    };
  }

  #next(hand: Hand, cube: Vector, pad: Vector): { readonly place: Vector; readonly opening: number } {
    const [tip, opening] = [hand.tip(), hand.opening()];
    if (cube[2] < 1.3 * half && distance(cube, pad) < tolerance - 0.015)
      return { place: opening < 0.85 ? tip : above(pad, high), opening: 1 };
    if (gap(tip, cube) < 0.025 && opening < gripped) {
      const isOver = distance(tip, pad) < 0.03;
      if (!isOver && tip[2] < high - 0.03) return { place: above(tip, high), opening: 0 };
      return { place: above(pad, isOver ? half + 0.003 : high), opening: 0 };
    }
    if (gap(tip, cube) < (opening < 0.9 ? 0.02 : 0.012)) return { place: cube, opening: 0 };
    if (distance(tip, cube) > 0.02) return { place: above(tip[2] < 0.06 ? tip : cube, high), opening: 1 };
    return { place: above(cube, opening < 0.8 ? high - 0.03 : half), opening: 1 };
  }
}

/** The fingers hold a cube where they are closer together than this, from 0 to 1. */
const gripped = 0.48;
/** Height of the tip when it carries. */
const high = 0.1;

const phrases = [
  "put the # cube on the # pad",
  "place the # cube onto the # pad",
  "move the # cube to the # pad",
  "bring the # cube to the # circle",
] as const;

/** The cubes and the pad as bodies of a model. */
export function pickingBodies(distractors: number): string[] {
  const cube = (name: string) =>
    element(
      "body",
      { name, pos: [0, 0, half] },
      element("freejoint", {}),
      element("geom", { type: "box", size: [half, half, half], mass: 0.04, ...grippable }),
    );
  return [...cubeNames(distractors).map(cube), mark("pad", 0.045)];
}

function cubeNames(distractors: number): string[] {
  return ["cube", ...Array.from({ length: distractors }, (_, at) => `other cube ${at}`)];
}

function above([x, y]: Vector, z: number): Vector {
  return [x, y, z];
}

function gap(one: Vector, other: Vector): number {
  return Math.hypot(one[0] - other[0], one[1] - other[1], one[2] - other[2]);
}
