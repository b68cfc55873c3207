import type { Chance } from "./chance.ts";
import { colourNames, colours, greys } from "./colour.ts";
import type { Design, Stage } from "./design.ts";
import type { RobotOptions } from "./environment.ts";
import { grippable } from "./gripper.ts";
import { Limb, type LimbPlace, limbActuators, limbBody, limbDofs, limbStates, motors } from "./limb.ts";
import { camera, element, model } from "./mjcf.ts";
import type { PhysicsWorld, Thing, Vector } from "./physics.ts";

const places: readonly LimbPlace[] = [
  { prefix: "left_", base: [-0.32, 0, 0], turn: 0, camera: null },
  { prefix: "right_", base: [0.32, 0, 0], turn: Math.PI, camera: null },
];

/** Half sizes of a bar. */
const bar = [0.12, 0.014, 0.014] as const;
/** How far from its middle each hand grips it. */
const grip = 0.085;
/** Height of its middle from which it counts as lifted. */
const lifted = 0.09;

/** Two arms of six joints with grippers, face to face, that lift the bar named together. */
export const bimanual: Design = {
  name: "bimanual",
  summary: "two arms with grippers lift a bar together",
  controlMode: "joint",
  framesPerSecond: 10,
  stepLimit: 90,
  holdSteps: 3,
  dofs: [...limbDofs("left_", "left arm"), ...limbDofs("right_", "right arm")],
  states: [...limbStates("left_", "left arm"), ...limbStates("right_", "right arm")],
  goals: ["bar_x", "bar_y", "bar_z", "bar_yaw"].map((name) => ({
    name,
    unit: name === "bar_yaw" ? "rad" : "m",
    part: "goal",
    kind: "continuous",
  })),
  targetArea: { x: [-0.03, 0.03], y: [-0.11, 0.11], distance: [0, 1] },
  cameras: ["front", "top"],
  defaults: { observation: "pictures", imageSize: 96, distractors: 0, disturbance: 0.05 },
  mostDistractors: 2,
  mjcf,
  stage: (world, options) => new BimanualStage(world, options),
};

function mjcf({ distractors }: RobotOptions): string {
  const body = (name: string) =>
    element(
      "body",
      { name, pos: [0, 0, bar[2]] },
      element("freejoint", {}),
      element("geom", { type: "box", size: bar, mass: 0.08, ...grippable }),
    );
  return model("bimanual", {
    world: [
      element("geom", { type: "plane", size: [0.5, 0.4, 0.1], rgba: greys.table }),
      camera("front", { from: [0, -0.62, 0.42], to: [0, 0, 0.08], fovy: 46 }),
      camera("top", { from: [0, 0, 1], to: [0, 0, 0], fovy: 38 }),
      ...barNames(distractors).map(body),
      ...places.map(limbBody),
    ],
    actuators: places.flatMap(({ prefix }) => limbActuators(prefix)),
  });
}

function barNames(distractors: number): string[] {
  return ["bar", ...Array.from({ length: distractors }, (_, at) => `other bar ${at}`)];
}

const phrases = [
  "lift the # bar with both arms",
  "pick up the # bar together",
  "raise the # bar with both hands",
  "lift the # bar",
] as const;

class BimanualStage implements Stage {
  readonly #world: PhysicsWorld;
  readonly #limbs: readonly Limb[];
  readonly #bars: readonly Thing[];

  constructor(world: PhysicsWorld, { distractors }: RobotOptions) {
    this.#world = world;
    this.#limbs = places.map((place) => new Limb(world, place));
    this.#bars = barNames(distractors).map((name) => world.thing(name));
  }

  begin(chance: Chance): string {
    const start = this.#limbs.flatMap((limb, side) => {
      const inwards = side === 0 ? -1 : 1;
      const over: Vector = [
        inwards * chance.between(`out ${side}`, 0.08, 0.14),
        chance.between(`y ${side}`, -0.08, 0.08),
        0.14,
      ];
      const pose = limb.solve(over, 0).map((angle, at) => angle + chance.between(`joint ${side} ${at}`, -0.15, 0.15));
      // Some hands start closed: the expert shows how to begin anew after a grip that missed.
      const joints = [...pose, chance.between(`opening ${side}`, 0, 1)];
      limb.start(joints);
      return joints;
    });
    this.command(start);
    const painted = chance.pickSeveral("colour", colourNames, this.#bars.length);
    const across = chance.arrange(
      this.#bars.length,
      (at, attempt) => chance.between(`bar ${at} y ${attempt}`, -0.11, 0.11),
      (drawn, before) => before.every((other) => Math.abs(other - drawn) > 0.08),
    );
    for (const [at, thing] of this.#bars.entries()) {
      const turn = this.#bars.length > 1 ? 0.05 : 0.25;
      thing.place(
        [chance.between(`bar ${at} x`, -0.03, 0.03), across[at]!, bar[2]],
        chance.between(`bar ${at} yaw`, -turn, turn),
      );
      thing.paint(colours[painted[at]!]);
    }
    return chance.pick("phrase", phrases).replace("#", painted[0]!);
  }

  state(): readonly number[] {
    return this.#limbs.flatMap((limb) => limb.state());
  }

  goal(): readonly number[] {
    return [...this.#bars[0]!.position(), this.#bars[0]!.yaw()];
  }

  target(): Vector {
    return this.#bars[0]!.position();
  }

  moveTarget([x, y]: Vector): void {
    this.#bars[0]!.place([x, y, bar[2]], this.#bars[0]!.yaw());
  }

  command(action: readonly number[]): void {
    this.#world.control([...motors(action.slice(0, 7)), ...motors(action.slice(7))]);
  }

  isReached(): boolean {
    const thing = this.#bars[0]!;
    return thing.position()[2] > lifted && thing.up()[2] > 0.95;
  }

  /** Both hands move above their ends, go down, close and lift together. Each command depends on the observation alone, so that a
   * missed grip is tried again. */
  expert(): () => readonly number[] {
    const thing = this.#bars[0]!;
    return () => {
      const yaw = thing.yaw();
      const next = this.#next(ends(thing.position(), yaw));
      return next.flatMap(({ place, opening }, side) => this.#limbs[side]!.reach(place, yaw, opening));
    };
  }

  #next(held: readonly Vector[]): { readonly place: Vector; readonly opening: number }[] {
    const hands = held.map((end, side) => {
      const [tip, opening] = [this.#limbs[side]!.tip(), this.#limbs[side]!.opening()];
      return { end, tip, opening, off: gap(tip, end) };
    });
    if (hands.every(({ off, opening }) => off < 0.03 && opening < gripped))
      return hands.map(({ tip }) => ({ place: [tip[0], tip[1], 0.13], opening: 0 }));
    const isClosing = hands.some(({ opening }) => opening < 0.9);
    if (hands.every(({ off }) => off < (isClosing ? 0.02 : 0.012)))
      return hands.map(({ end }) => ({ place: end, opening: 0 }));
    return hands.map(({ end: [x, y, z], tip, opening }) => {
      const isOver = Math.hypot(tip[0] - x, tip[1] - y) < 0.02 && opening > 0.8;
      return { place: [x, y, isOver ? z : 0.08], opening: 1 };
    });
  }
}

/** The fingers hold a bar where they are closer together than this, from 0 to 1. */
const gripped = 0.38;

/** Where the hands grip a bar. */
function ends([x, y, z]: Vector, yaw: number): Vector[] {
  return [-grip, grip].map((out) => [x + out * Math.cos(yaw), y + out * Math.sin(yaw), z]);
}

function gap(one: Vector, other: Vector): number {
  return Math.hypot(one[0] - other[0], one[1] - other[1], one[2] - other[2]);
}
