import type { Picture } from "../../dataset/dataset.ts";
import { allocate, HostArray } from "../../graph/host-array.ts";
import type { PhysicsWorld } from "../physics.ts";
import { type Hit, hits, Ray, type Size } from "./hit.ts";

/** Where the light comes from, of length 1. */
const light = { x: 0.36, y: -0.48, z: 0.8 };
/** What a surface shows in the deepest shade. */
const ambient = 0.45;
/** What is behind everything. */
const sky = [46, 52, 64] as const;

/** One shape of the model. */
interface Shape {
  /** Its number in the model. */
  readonly geom: number;
  readonly hit: Hit;
  readonly size: Size;
  /** Half sizes of the box around it, in its own frame. */
  readonly box: readonly [number, number, number];
}

/**
 * Draws what one camera of a world sees, to the bit the same for the same state.
 *
 * Each pixel gets the nearest of the shapes hit by the ray through its centre, shaded by how much it faces the light.
 * What stands still before a camera that stands still is drawn once.
 */
export class Painter {
  readonly #world: PhysicsWorld;
  readonly #camera: number;
  readonly #height: number;
  readonly #width: number;
  /** Half the picture's height at unit distance. */
  readonly #slope: number;
  readonly #moving: readonly Shape[];
  readonly #still: readonly Shape[];
  readonly #depths: Float64Array;
  readonly #ray = new Ray();
  readonly #frame = new Frame();
  #background: { colours: Uint8Array; depths: Float64Array } | null = null;

  /** @param camera the name of a camera of the world's model */
  constructor(world: PhysicsWorld, camera: string, height: number, width: number) {
    const { model } = world;
    this.#world = world;
    this.#camera = world.id("mjOBJ_CAMERA", camera);
    this.#height = height;
    this.#width = width;
    this.#slope = Math.tan((model.cam_fovy[this.#camera] * Math.PI) / 360);
    const shapes = shapesOf(world);
    const stands = (shape: Shape) => model.cam_bodyid[this.#camera] === 0 && model.geom_bodyid[shape.geom] === 0;
    this.#still = shapes.filter(stands);
    this.#moving = shapes.filter((shape) => !stands(shape));
    this.#depths = new Float64Array(height * width);
  }

  /** What the camera sees now. */
  paint(): Picture {
    const colours = allocate("uint8", this.#height * this.#width * 3);
    this.#background ??= this.#paintBackground();
    colours.set(this.#background.colours);
    this.#depths.set(this.#background.depths);
    for (const shape of this.#moving) this.#draw(colours, shape);
    return new HostArray("h w c", [this.#height, this.#width, 3], "uint8", colours);
  }

  #paintBackground(): { colours: Uint8Array; depths: Float64Array } {
    const colours = new Uint8Array(this.#height * this.#width * 3);
    for (let at = 0; at < colours.length; at++) colours[at] = sky[at % 3]!;
    this.#depths.fill(Number.POSITIVE_INFINITY);
    for (const shape of this.#still) this.#draw(colours, shape);
    return { colours, depths: this.#depths.slice() };
  }

  #draw(colours: Uint8Array, { geom, hit, size, box }: Shape): void {
    const { data, model } = this.#world;
    const frame = this.#frame;
    frame.place(
      { places: data.geom_xpos, turns: data.geom_xmat, at: geom },
      { places: data.cam_xpos, turns: data.cam_xmat, at: this.#camera },
    );
    const { top, bottom, left, right } = this.#bounds(box);
    const paint: Float32Array = model.geom_rgba;
    const [red, green, blue] = [255 * paint[4 * geom]!, 255 * paint[4 * geom + 1]!, 255 * paint[4 * geom + 2]!];
    const ray = this.#ray;
    [ray.fromX, ray.fromY, ray.fromZ] = [frame.eyeX, frame.eyeY, frame.eyeZ];
    const pixel = (2 * this.#slope) / this.#height;
    for (let row = top; row < bottom; row++) {
      const up = (this.#height / 2 - row - 0.5) * pixel;
      for (let column = left; column < right; column++) {
        const across = (column + 0.5 - this.#width / 2) * pixel;
        ray.alongX = frame.xx * across + frame.xy * up - frame.xz;
        ray.alongY = frame.yx * across + frame.yy * up - frame.yz;
        ray.alongZ = frame.zx * across + frame.zy * up - frame.zz;
        const depth = hit(ray, size);
        const at = row * this.#width + column;
        if (!(depth < this.#depths[at]!)) continue;
        this.#depths[at] = depth;
        const facing = ray.normalX * frame.lightX + ray.normalY * frame.lightY + ray.normalZ * frame.lightZ;
        const shade = ambient + (1 - ambient) * (0.5 + 0.5 * facing);
        colours[3 * at] = red * shade + 0.5;
        colours[3 * at + 1] = green * shade + 0.5;
        colours[3 * at + 2] = blue * shade + 0.5;
      }
    }
  }

  /** The pixels that a box around the shape may cover, last ones excluded. */
  #bounds(box: readonly [number, number, number]) {
    const frame = this.#frame;
    const [height, width] = [this.#height, this.#width];
    const scale = height / (2 * this.#slope);
    let [top, bottom, left, right] = [height, 0, width, 0];
    let behind = 0;
    for (let corner = 0; corner < 8; corner++) {
      const x = ((corner & 1) === 0 ? box[0] : -box[0]) - frame.eyeX;
      const y = ((corner & 2) === 0 ? box[1] : -box[1]) - frame.eyeY;
      const z = ((corner & 4) === 0 ? box[2] : -box[2]) - frame.eyeZ;
      const distance = -(frame.xz * x + frame.yz * y + frame.zz * z);
      // A corner beside or behind the eye has no place in the picture.
      if (distance < nearest) {
        behind++;
        continue;
      }
      const column = width / 2 + (scale * (frame.xx * x + frame.yx * y + frame.zx * z)) / distance;
      const row = height / 2 - (scale * (frame.xy * x + frame.yy * y + frame.zy * z)) / distance;
      top = Math.min(top, row);
      bottom = Math.max(bottom, row);
      left = Math.min(left, column);
      right = Math.max(right, column);
    }
    if (behind === 8) return { top: 0, bottom: 0, left: 0, right: 0 };
    if (behind > 0) return { top: 0, bottom: height, left: 0, right: width };
    return {
      top: Math.max(0, Math.floor(top)),
      bottom: Math.min(height, Math.ceil(bottom)),
      left: Math.max(0, Math.floor(left)),
      right: Math.min(width, Math.ceil(right)),
    };
  }
}

const nearest = 1e-3;

interface Pose {
  readonly places: Float64Array;
  readonly turns: Float64Array;
  /** Which of them. */
  readonly at: number;
}

/** The camera and the light as a shape sees them: its own x, y and z of the eye, of the camera's axes, of the light. */
class Frame {
  eyeX = 0;
  eyeY = 0;
  eyeZ = 0;
  xx = 0;
  xy = 0;
  xz = 0;
  yx = 0;
  yy = 0;
  yz = 0;
  zx = 0;
  zy = 0;
  zz = 0;
  lightX = 0;
  lightY = 0;
  lightZ = 0;

  place(shape: Pose, camera: Pose): void {
    const [m, s] = [shape.turns, 9 * shape.at];
    const [n, c] = [camera.turns, 9 * camera.at];
    const dx = camera.places[3 * camera.at]! - shape.places[3 * shape.at]!;
    const dy = camera.places[3 * camera.at + 1]! - shape.places[3 * shape.at + 1]!;
    const dz = camera.places[3 * camera.at + 2]! - shape.places[3 * shape.at + 2]!;
    // Rotations are stored by rows; a column of the shape's is one of its axes in the world.
    const own = (axis: number, x: number, y: number, z: number) =>
      m[s + axis]! * x + m[s + axis + 3]! * y + m[s + axis + 6]! * z;
    const seen = (axis: number, column: number) => own(axis, n[c + column]!, n[c + column + 3]!, n[c + column + 6]!);
    [this.eyeX, this.eyeY, this.eyeZ] = [own(0, dx, dy, dz), own(1, dx, dy, dz), own(2, dx, dy, dz)];
    [this.xx, this.xy, this.xz] = [seen(0, 0), seen(0, 1), seen(0, 2)];
    [this.yx, this.yy, this.yz] = [seen(1, 0), seen(1, 1), seen(1, 2)];
    [this.zx, this.zy, this.zz] = [seen(2, 0), seen(2, 1), seen(2, 2)];
    this.lightX = own(0, light.x, light.y, light.z);
    this.lightY = own(1, light.x, light.y, light.z);
    this.lightZ = own(2, light.x, light.y, light.z);
  }
}

/** Every shape of the model that can be seen. */
function shapesOf({ model }: PhysicsWorld): Shape[] {
  const [types, sizes, colours]: [Int32Array, Float64Array, Float32Array] = [
    model.geom_type,
    model.geom_size,
    model.geom_rgba,
  ];
  return Array.from({ length: model.ngeom }, (_, geom) => geom).flatMap((geom) => {
    if (colours[4 * geom + 3] === 0) return [];
    const [a = 0, b = 0, c = 0] = sizes.subarray(3 * geom, 3 * geom + 3);
    const type = types[geom]!;
    const hit = hits.get(type);
    if (hit === undefined) throw new Error(`painter: expected a plane, sphere, capsule, cylinder or box, got ${type}`);
    return [{ geom, hit, size: { a, b, c }, box: boxAround(type, a, b, c) }];
  });
}

function boxAround(type: number, a: number, b: number, c: number): readonly [number, number, number] {
  switch (type) {
    case 0:
      return [a, b, 0];
    case 2:
      return [a, a, a];
    case 3:
      return [a, a, a + b];
    case 5:
      return [a, a, b];
    default:
      return [a, b, c];
  }
}
