import type { Chance } from "./chance.ts";
import { type Colour, colourNames, colours, greys } from "./colour.ts";
import type { Design, Stage } from "./design.ts";
import type { RobotOptions } from "./environment.ts";
import { element, mark, model, untouchable } from "./mjcf.ts";
import { clamp, distance, towards } from "./motion.ts";
import type { Joints, PhysicsWorld, Thing, Vector } from "./physics.ts";

/** Length of each link. */
const link = 0.12;
/** The tip counts as there within this distance. */
const tolerance = 0.025;

const joints = [
  { name: "shoulder", low: -2.6, high: 2.6 },
  { name: "elbow", low: 0.1, high: 2.7 },
] as const;

/** A planar arm of two joints that reaches a dot of the colour named; its elbow bends one way only. */
export const reacher: Design = {
  name: "reacher",
  summary: "a planar arm of two joints reaches a coloured dot",
  controlMode: "joint",
  framesPerSecond: 10,
  stepLimit: 60,
  holdSteps: 4,
  dofs: joints.map(({ name, low, high }) => ({ ...joint(name), low, high, move: 0.15 })),
  states: joints.map(({ name }) => joint(name)),
  goals: ["goal_x", "goal_y"].map((name) => ({ name, unit: "m", part: "goal", kind: "continuous" })),
  targetArea: { x: [-0.225, 0.225], y: [-0.225, 0.225], distance: [0.1, 0.225] },
  cameras: ["top"],
  defaults: { observation: "pictures", imageSize: 96, distractors: 0, disturbance: 0.1 },
  mostDistractors: 4,
  mjcf,
  stage: (world, options) => new ReacherStage(world, options),
};

function joint(name: string) {
  return { name, unit: "rad", part: "arm", kind: "continuous" } as const;
}

function mjcf({ distractors }: RobotOptions): string {
  const hinge = ({ name, low, high }: (typeof joints)[number]) =>
    element("joint", { name, axis: [0, 0, 1], range: [low, high], armature: 0.01, damping: 0.02 });
  const bone = { type: "capsule", size: [0.013], contype: 0, conaffinity: 0, mass: 0.05 } as const;
  return model("reacher", {
    world: [
      element("geom", { type: "plane", size: [0.32, 0.32, 0.1], rgba: greys.table, ...untouchable }),
      element("camera", { name: "top", pos: [0, 0, 0.8], fovy: 36 }),
      element(
        "body",
        { name: "upper", pos: [0, 0, 0.03] },
        hinge(joints[0]),
        element("geom", { ...bone, fromto: [0, 0, 0, link, 0, 0], rgba: greys.link }),
        element("geom", { type: "sphere", size: [0.02], rgba: greys.joint, ...untouchable }),
        element(
          "body",
          { name: "lower", pos: [link, 0, 0] },
          hinge(joints[1]),
          element("geom", { ...bone, fromto: [0, 0, 0, link, 0, 0], rgba: greys.link }),
          element("geom", { type: "sphere", size: [0.018], rgba: greys.joint, ...untouchable }),
          element("geom", { type: "sphere", size: [0.015], pos: [link, 0, 0], rgba: greys.tool, ...untouchable }),
          element("site", { name: "tip", pos: [link, 0, 0] }),
        ),
      ),
      ...["dot", ...others(distractors)].map((name) => mark(name, 0.022)),
    ],
    actuators: joints.map(({ name, low, high }) =>
      element("position", { joint: name, kp: 16, dampratio: 1, ctrlrange: [low, high] }),
    ),
  });
}

function others(count: number): string[] {
  return Array.from({ length: count }, (_, at) => `other dot ${at}`);
}

const phrases = ["reach the # dot", "touch the # dot", "move to the # dot", "go to the # dot"] as const;

class ReacherStage implements Stage {
  readonly #world: PhysicsWorld;
  readonly #joints: Joints;
  readonly #tip: () => Vector;
  readonly #dots: readonly Thing[];

  constructor(world: PhysicsWorld, { distractors }: RobotOptions) {
    this.#world = world;
    this.#joints = world.joints(joints.map(({ name }) => name));
    this.#tip = world.site("tip");
    this.#dots = ["dot", ...others(distractors)].map((name) => world.thing(name));
  }

  begin(chance: Chance): string {
    const start = [chance.between("shoulder", -1.6, 2), chance.between("elbow", 0.7, 2.3)];
    this.#joints.place(start);
    this.#world.control(start);
    const painted = chance.pickSeveral("colour", colourNames, this.#dots.length);
    const places = chance.arrange(
      this.#dots.length,
      (at, attempt) => within(chance, `dot ${at} ${attempt}`),
      (drawn, before) => [tipOf(start), ...before].every((other) => distance(other, drawn) > 3 * tolerance),
    );
    for (const [at, thing] of this.#dots.entries()) {
      thing.place(places[at]!, 0);
      thing.paint(colours[painted[at]!]);
    }
    const goal: Colour = painted[0]!;
    return chance.pick("phrase", phrases).replace("#", goal);
  }

  state(): readonly number[] {
    return this.#joints.read();
  }

  goal(): readonly number[] {
    return this.#dots[0]!.position().slice(0, 2);
  }

  target(): Vector {
    return this.#dots[0]!.position();
  }

  moveTarget(to: Vector): void {
    this.#dots[0]!.place(to, 0);
  }

  command(action: readonly number[]): void {
    this.#world.control(action);
  }

  isReached(): boolean {
    return distance(this.#tip(), this.#dots[0]!.position()) < tolerance;
  }

  expert(): () => readonly number[] {
    const goal = bend(this.#dots[0]!.position());
    return () =>
      towards(
        this.#joints.read(),
        goal,
        reacher.dofs.map(({ move }) => move),
      );
  }
}

/** A place on the table that the tip can reach. */
function within(chance: Chance, what: string): Vector {
  const reach = chance.between(`${what} reach`, 0.1, 0.225);
  const angle = chance.between(`${what} angle`, -1.3, 2.7);
  return [reach * Math.cos(angle), reach * Math.sin(angle), 0];
}

function tipOf([shoulder = 0, elbow = 0]: readonly number[]): Vector {
  return [
    link * (Math.cos(shoulder) + Math.cos(shoulder + elbow)),
    link * (Math.sin(shoulder) + Math.sin(shoulder + elbow)),
    0,
  ];
}

/** The joint angles that bring the tip to a place. */
function bend([x, y]: Vector): number[] {
  const cosine = (x * x + y * y) / (2 * link * link) - 1;
  const elbow = Math.acos(clamp(cosine, -1, 1));
  return [Math.atan2(y, x) - elbow / 2, elbow];
}
