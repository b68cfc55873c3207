import type { Chance } from "./chance.ts";
import { greys } from "./colour.ts";
import type { Design, Stage } from "./design.ts";
import type { RobotOptions } from "./environment.ts";
import { Limb, type LimbPlace, limbActuators, limbBody, limbDofs, limbStates, motors } from "./limb.ts";
import { camera, element, model } from "./mjcf.ts";
import type { PhysicsWorld, Vector } from "./physics.ts";
import { Picking, pickingBodies, pickingGoals } from "./picking.ts";

const place: LimbPlace = { prefix: "", base: [0, 0, 0], turn: 0, camera: "wrist" };

/** An arm of six joints with a gripper that puts the cube named on a pad. */
export const arm: Design = {
  name: "arm",
  summary: "an arm of six joints with a gripper puts a cube on a pad",
  controlMode: "joint",
  framesPerSecond: 10,
  stepLimit: 120,
  holdSteps: 2,
  dofs: limbDofs("", "arm"),
  states: limbStates("", "arm"),
  goals: pickingGoals,
  targetArea: { x: [0.1, 0.28], y: [-0.2, 0.2], distance: [0.18, 0.28] },
  cameras: ["front", "wrist"],
  defaults: { observation: "pictures", imageSize: 96, distractors: 1, disturbance: 0.05 },
  mostDistractors: 3,
  mjcf,
  stage: (world, options) => new ArmStage(world, options),
};

function mjcf({ distractors }: RobotOptions): string {
  return model("arm", {
    world: [
      element("geom", { type: "plane", size: [0.45, 0.45, 0.1], rgba: greys.table }),
      camera("front", { from: [0.58, 0, 0.46], to: [0.18, 0, 0.04], fovy: 42 }),
      ...pickingBodies(distractors),
      limbBody(place),
    ],
    actuators: limbActuators(place.prefix),
  });
}

class ArmStage implements Stage {
  readonly #world: PhysicsWorld;
  readonly #limb: Limb;
  readonly #picking: Picking;

  constructor(world: PhysicsWorld, { distractors }: RobotOptions) {
    this.#world = world;
    this.#limb = new Limb(world, place);
    this.#picking = new Picking(world, distractors);
  }

  begin(chance: Chance): string {
    const over = onTable(chance, "start");
    const pose = this.#limb.solve([over[0], over[1], chance.between("start height", 0.07, 0.16)], 0);
    const joints = pose.map((angle, at) => angle + chance.between(`joint ${at}`, -0.12, 0.12));
    // Some hands start closed: the expert shows how to begin anew after a grip that missed.
    const start = [...joints, chance.between("opening", 0, 1)];
    this.#limb.start(start);
    this.command(start);
    return this.#picking.begin(chance, (what) => onTable(chance, what));
  }

  state(): readonly number[] {
    return this.#limb.state();
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

  command(action: readonly number[]): void {
    this.#world.control(motors(action));
  }

  isReached(): boolean {
    return this.#picking.isReached(this.#limb);
  }

  expert(): () => readonly number[] {
    return this.#picking.expert(this.#limb);
  }
}

function onTable(chance: Chance, what: string): Vector {
  const out = chance.between(`${what} out`, 0.18, 0.28);
  const angle = chance.between(`${what} angle`, -0.75, 0.75);
  return [out * Math.cos(angle), out * Math.sin(angle), 0];
}
