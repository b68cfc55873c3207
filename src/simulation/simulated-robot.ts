import type { Picture } from "../dataset/dataset.ts";
import type { Dof, Embodiment, Entry } from "../embodiment/embodiment.ts";
import { type Stream, stream } from "../graph/random.ts";
import { Chance } from "./chance.ts";
import type { Design, Stage } from "./design.ts";
import { Painter } from "./draw/painter.ts";
import { type PicturePoint, tableAt } from "./draw/table-point.ts";
import type { RobotEnvironment, RobotOptions, SimulatedObservation, StateObservation } from "./environment.ts";
import { clamp } from "./motion.ts";
import { type Physics, PhysicsWorld, type Vector } from "./physics.ts";
import { nearestIn } from "./target.ts";

/** A robot of a design, in a world of its own. */
export class SimulatedRobot implements RobotEnvironment {
  readonly name: string;
  readonly embodiment: Embodiment;
  readonly options: RobotOptions;
  readonly framesPerSecond: number;
  readonly stepLimit: number;
  readonly #design: Design;
  readonly #world: PhysicsWorld;
  readonly #stage: Stage;
  /** By the side of their pictures. Made when first needed: a robot without pictures in its observations mostly needs none. */
  readonly #painters = new Map<number, ReadonlyMap<string, Painter>>();
  readonly #physicsSteps: number;
  #chance = new Chance(0, "", 0);
  #disturbances: Stream = stream(0, "");
  #episode = 0;
  #instruction = "";
  #expert: (() => readonly number[]) | null = null;
  #step = 0;
  /** Steps in a row for which the goal has held. */
  #held = 0;

  constructor(physics: Physics, design: Design, options: RobotOptions) {
    this.name = design.name;
    this.embodiment = embodimentOf(design, options.observation);
    this.options = options;
    this.framesPerSecond = design.framesPerSecond;
    this.stepLimit = design.stepLimit;
    this.#design = design;
    this.#world = new PhysicsWorld(physics, design.mjcf(options));
    this.#stage = design.stage(this.#world, options);
    this.#physicsSteps = Math.round(1 / (design.framesPerSecond * this.#world.stepSeconds));
  }

  reset(seed: number, episode: number): void {
    this.#chance = new Chance(seed, this.name, episode);
    this.#disturbances = stream(seed, "disturbance", this.name);
    this.#episode = episode;
    this.#world.reset();
    this.#instruction = this.#stage.begin(this.#chance);
    this.#world.settle();
    this.#expert = null;
    this.#step = 0;
    this.#held = 0;
  }

  observe(): SimulatedObservation {
    return { ...this.observeState(), pictures: this.options.observation === "pictures" ? this.show() : new Map() };
  }

  observeState(): StateObservation {
    const { observation } = this.options;
    const goal = observation === "state" ? this.#stage.goal() : [];
    return { state: Float64Array.from([...this.#stage.state(), ...goal]), instruction: this.#instruction };
  }

  /** @param side of the pictures, in pixels */
  show(side = this.options.imageSize): ReadonlyMap<string, Picture> {
    const painters = this.#painters.get(side) ?? this.#paintersOf(side);
    return new Map([...painters].map(([key, painter]) => [key, painter.paint()]));
  }

  /** Where the target of the episode lies. */
  get target(): Vector {
    return this.#stage.target();
  }

  /** Puts the target at the nearest place of its area; for success it has to be reached there. */
  moveTarget(to: readonly [x: number, y: number]): void {
    this.#stage.moveTarget(nearestIn(this.#design.targetArea, to));
    this.#world.settle();
    this.#held = 0;
  }

  /** The place on the table that a camera sees at a point of its picture, as shares of it from the left and from the top. */
  tableAt(camera: string, point: PicturePoint): Vector | null {
    const name = this.#design.cameras.find((one) => cameraKey(one) === camera);
    if (name === undefined) throw new RangeError(`tableAt: expected a camera of "${this.name}", got "${camera}"`);
    return tableAt(this.#world, name, point);
  }

  act(action: ArrayLike<number>): void {
    const { dofs } = this.#design;
    const values = Array.from(action);
    if (values.length !== dofs.length || !values.every(Number.isFinite))
      throw new RangeError(`robot "${this.name}": expected ${dofs.length} finite numbers, got ${values.join(", ")}`);
    const { disturbance } = this.options;
    const carriedOut = dofs.map(({ low, high, move }, dof) => {
      const noise = disturbance * move * this.#disturbances.normal(dof, this.#step, this.#episode, 0);
      return clamp(values[dof]! + noise, low, high);
    });
    this.#stage.command(carriedOut);
    this.#world.step(this.#physicsSteps);
    this.#step++;
    this.#held = this.#stage.isReached() ? this.#held + 1 : 0;
  }

  isSuccess(): boolean {
    return this.#held >= this.#design.holdSteps;
  }

  demonstrate(): Float64Array {
    this.#expert ??= this.#stage.expert(this.#chance);
    const { dofs } = this.#design;
    return Float64Array.from(this.#expert(), (value, dof) => clamp(value, dofs[dof]!.low, dofs[dof]!.high));
  }

  close(): void {
    this.#world.close();
  }

  #paintersOf(side: number): ReadonlyMap<string, Painter> {
    const made = new Map(
      this.#design.cameras.map((camera) => [cameraKey(camera), new Painter(this.#world, camera, side, side)]),
    );
    this.#painters.set(side, made);
    return made;
  }
}

/** The column of a camera's pictures. */
function cameraKey(camera: string): string {
  return `observation.images.${camera}`;
}

/** Dofs and states in a leading run of slots; each camera a view of its own name. */
export function embodimentOf(design: Design, observation: RobotOptions["observation"]): Embodiment {
  const hasPictures = observation === "pictures";
  const states = [...design.states, ...(hasPictures ? [] : design.goals)].map(
    ({ name, unit, part, kind }, slot): Entry => ({ name, unit, part, kind, slot }),
  );
  const dofs = design.dofs.map(({ name, unit, part, kind }, slot): Dof => {
    const state = states.findIndex((entry) => entry.name === name && entry.unit === unit);
    return { name, unit, part, kind, slot, state: state < 0 || kind === "gripper" ? null : state };
  });
  const whole = (key: string, entries: readonly Entry[]) => [{ key, entries: entries.map((_, at) => at) }];
  return {
    robotType: hasPictures ? design.name : `${design.name}_state`,
    controlMode: design.controlMode,
    dofs,
    states,
    cameras: hasPictures ? design.cameras.map((camera) => ({ view: camera, key: cameraKey(camera) })) : [],
    columns: { action: whole("action", dofs), state: whole("observation.state", states), prompt: { kind: "task" } },
    target: "actions",
  };
}
