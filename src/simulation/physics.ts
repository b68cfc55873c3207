import type { MainModule, MjData, MjModel } from "@mujoco/mujoco";
import { optionalPackage } from "../optional-package.ts";

/** MuJoCo inside this thread. */
export type Physics = MainModule;

/** A point or direction: x, y, z in metres. */
export type Vector = readonly [number, number, number];

let loading: Promise<Physics> | null = null;

/**
 * MuJoCo, loaded once for all robots of this thread.
 *
 * @throws InputError if it is not installed here
 */
export function loadPhysics(): Promise<Physics> {
  loading ??= load();
  return loading;
}

async function load(): Promise<Physics> {
  const name = "@mujoco/mujoco";
  const { default: loadMujoco } = await optionalPackage("simulation", name, () => import("@mujoco/mujoco"));
  return loadMujoco();
}

/**
 * One simulated world: a model and its state.
 *
 * The garbage collector does not free its memory: `close` does. Views of it are made anew for each access, since they become
 * invalid when MuJoCo's memory grows.
 */
export class PhysicsWorld {
  readonly #physics: Physics;
  readonly #model: MjModel;
  readonly #data: MjData;

  /** @param xml a model in MJCF; a mistake in it is a fault of the program */
  constructor(physics: Physics, xml: string) {
    this.#physics = physics;
    this.#model = physics.MjModel.from_xml_string(xml);
    this.#data = new physics.MjData(this.#model);
  }

  get model(): MjModel {
    return this.#model;
  }

  get data(): MjData {
    return this.#data;
  }

  /** Seconds of one step. */
  get stepSeconds(): number {
    return this.#model.opt.timestep;
  }

  /** Returns to the model's initial state. */
  reset(): void {
    this.#physics.mj_resetData(this.#model, this.#data);
  }

  /** Recomputes everything that follows from positions, without advancing time. */
  settle(): void {
    this.#physics.mj_forward(this.#model, this.#data);
  }

  step(times: number): void {
    for (let done = 0; done < times; done++) this.#physics.mj_step(this.#model, this.#data);
  }

  close(): void {
    this.#data.delete();
    this.#model.delete();
  }

  /** Joints of one degree of freedom, by name. */
  joints(names: readonly string[]): Joints {
    const ids = names.map((name) => this.id("mjOBJ_JOINT", name));
    const positions: Int32Array = this.#model.jnt_qposadr;
    return new Joints(
      this.#data,
      ids.map((id) => positions[id]!),
    );
  }

  /** A body that moves freely or is put in place by hand (mocap). */
  thing(name: string): Thing {
    const body = this.id("mjOBJ_BODY", name);
    const [mocap, joint]: [number, number] = [this.#model.body_mocapid[body], this.#model.body_jntadr[body]];
    return new Thing(this.#model, this.#data, {
      body,
      mocap: mocap < 0 ? null : mocap,
      address: mocap < 0 ? this.#model.jnt_qposadr[joint] : 0,
    });
  }

  /** Where a site is. */
  site(name: string): () => Vector {
    const id = this.id("mjOBJ_SITE", name);
    return () => triple(this.#data.site_xpos, id);
  }

  /** Sets the targets of all actuators, in the model's order. */
  control(values: readonly number[]): void {
    const out: Float64Array = this.#data.ctrl;
    out.set(values);
  }

  /** @throws Error if the model has no such thing */
  id(kind: "mjOBJ_BODY" | "mjOBJ_JOINT" | "mjOBJ_SITE" | "mjOBJ_CAMERA" | "mjOBJ_GEOM", name: string): number {
    const id = this.#physics.mj_name2id(this.#model, this.#physics.mjtObj[kind].value, name);
    if (id < 0) throw new Error(`world: expected ${kind} "${name}" in the model, got none`);
    return id;
  }
}

/** Some joints of a world, read and set together. */
export class Joints {
  readonly #data: MjData;
  readonly #addresses: readonly number[];

  constructor(data: MjData, addresses: readonly number[]) {
    this.#data = data;
    this.#addresses = addresses;
  }

  read(): number[] {
    const positions: Float64Array = this.#data.qpos;
    return this.#addresses.map((address) => positions[address]!);
  }

  place(values: readonly number[]): void {
    const positions: Float64Array = this.#data.qpos;
    for (const [at, address] of this.#addresses.entries()) positions[address] = values[at]!;
  }
}

/** A body that can be put somewhere and painted. */
export class Thing {
  readonly #model: MjModel;
  readonly #data: MjData;
  readonly #body: number;
  readonly #mocap: number | null;
  readonly #address: number;

  constructor(model: MjModel, data: MjData, where: { body: number; mocap: number | null; address: number }) {
    this.#model = model;
    this.#data = data;
    this.#body = where.body;
    this.#mocap = where.mocap;
    this.#address = where.address;
  }

  position(): Vector {
    return triple(this.#data.xpos, this.#body);
  }

  /** Its own z axis as the world sees it: upright is (0, 0, 1). */
  up(): Vector {
    const rotation: Float64Array = this.#data.xmat;
    const at = 9 * this.#body;
    return [rotation[at + 2]!, rotation[at + 5]!, rotation[at + 8]!];
  }

  /** Angle of its x axis seen from above. */
  yaw(): number {
    const rotation: Float64Array = this.#data.xmat;
    const at = 9 * this.#body;
    return Math.atan2(rotation[at + 3]!, rotation[at]!);
  }

  /** Puts it upright at a place, turned about the vertical. */
  place([x, y, z]: Vector, yaw: number): void {
    const [cosine, sine] = [Math.cos(yaw / 2), Math.sin(yaw / 2)];
    if (this.#mocap === null) {
      const positions: Float64Array = this.#data.qpos;
      positions.set([x, y, z, cosine, 0, 0, sine], this.#address);
      return;
    }
    const [places, turns]: [Float64Array, Float64Array] = [this.#data.mocap_pos, this.#data.mocap_quat];
    places.set([x, y, z], 3 * this.#mocap);
    turns.set([cosine, 0, 0, sine], 4 * this.#mocap);
  }

  /** @param colour red, green, blue from 0 to 1 */
  paint(colour: Vector): void {
    const first: number = this.#model.body_geomadr[this.#body];
    const count: number = this.#model.body_geomnum[this.#body];
    const colours: Float32Array = this.#model.geom_rgba;
    for (let geom = first; geom < first + count; geom++) colours.set(colour, 4 * geom);
  }
}

function triple(values: Float64Array, at: number): Vector {
  return [values[3 * at]!, values[3 * at + 1]!, values[3 * at + 2]!];
}
