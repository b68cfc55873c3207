import { afterEach, describe, expect, it } from "vitest";
import { camera, element, model } from "../mjcf.ts";
import { loadPhysics, PhysicsWorld } from "../physics.ts";
import { Painter } from "./painter.ts";

type Point = readonly [number, number, number];

const side = 48;
const eye: Point = [0.5, -0.6, 0.5];
const shapes = [
  { type: "plane", size: [0.6, 0.5, 0.1], pos: [0, 0, 0], euler: [0, 0, 0], rgba: [0.8, 0.8, 0.8, 1] },
  { type: "sphere", size: [0.08], pos: [-0.1, 0.1, 0.1], euler: [0, 0, 0], rgba: [1, 0, 0, 1] },
  { type: "capsule", size: [0.04, 0.1], pos: [0.15, 0.05, 0.12], euler: [0.9, 0.3, 0], rgba: [0, 1, 0, 1] },
  { type: "cylinder", size: [0.06, 0.05], pos: [0.05, -0.15, 0.1], euler: [0.4, 0.8, 0], rgba: [0, 0, 1, 1] },
  { type: "box", size: [0.05, 0.07, 0.04], pos: [-0.15, -0.15, 0.08], euler: [0.2, 0.5, 0.7], rgba: [1, 1, 0, 1] },
] as const;

let world: PhysicsWorld | null = null;

afterEach(() => world?.close());

/** A world of these shapes, still or in the hands of a body that can move. */
async function scene(canMove: boolean): Promise<PhysicsWorld> {
  const geoms = shapes.map((shape) => element("geom", { ...shape, contype: 0, conaffinity: 0 }));
  const bodies = geoms.map((geom, at) => element("body", { name: `body ${at}`, mocap: true }, geom));
  const view = camera("eye", { from: eye, to: [0, 0, 0.05], fovy: 40 });
  const xml = model("shapes", { world: [view, ...(canMove ? bodies : geoms)], actuators: [] });
  world = new PhysicsWorld(await loadPhysics(), xml);
  world.settle();
  return world;
}

describe("Painter", () => {
  it("shows in every pixel the shape that marching along its ray meets first", async () => {
    const { model: built, data } = await scene(false);
    const { cells } = new Painter(world!, "eye", side, side).paint();
    let checked = 0;
    for (let row = 0; row < side; row++)
      for (let column = 0; column < side; column++) {
        const met = march(ray(row, column, data.cam_xmat), data.geom_xpos, data.geom_xmat);
        // At an outline marching cannot tell.
        if (met.isClose) continue;
        const pixel = [...cells.subarray(3 * (row * side + column), 3 * (row * side + column) + 3)];
        expect(nameOf(pixel), `row ${row}, column ${column}`).toBe(met.shape);
        checked++;
      }
    expect(checked).toBeGreaterThan(0.9 * side * side);
    expect(built.ngeom).toBe(shapes.length);
  });

  it("is lighter where a surface faces the light", async () => {
    const { cells } = new Painter(await scene(false), "eye", side, side).paint();
    const reds = [...cells.keys()]
      .filter((at) => at % 3 === 0 && cells[at]! > 0 && cells[at + 1] === 0 && cells[at + 2] === 0)
      .map((at) => ({ row: Math.floor(at / 3 / side), red: cells[at]! }));
    const of = (rows: (row: number) => boolean) =>
      Math.max(...reds.filter(({ row }) => rows(row)).map(({ red }) => red));
    const middle = reds.reduce((sum, { row }) => sum + row, 0) / reds.length;
    expect(reds.length).toBeGreaterThan(20);
    expect(of((row) => row < middle - 2)).toBeGreaterThan(of((row) => row > middle + 2));
  });

  it("draws what stands still as it draws what could move", async () => {
    const still = new Painter(await scene(false), "eye", side, side).paint().cells;
    world?.close();
    const moving = new Painter(await scene(true), "eye", side, side).paint().cells;
    expect(moving).toEqual(still);
  });

  it("draws nothing of what lies behind the camera", async () => {
    const painter = new Painter(await scene(true), "eye", side, side);
    for (let at = 0; at < shapes.length; at++) world!.thing(`body ${at}`).place([1, -1.2, 1], 0);
    world!.settle();
    const { cells } = painter.paint();
    expect(new Set([...cells.keys()].map((at) => `${at % 3} ${cells[at]}`)).size).toBe(3);
  });
});

function nameOf([red = 0, green = 0, blue = 0]: readonly number[]): number {
  if (red === 46 && green === 52 && blue === 64) return -1;
  if (red === green && green === blue) return 0;
  if (red > 0 && green > 0) return 4;
  return red > 0 ? 1 : green > 0 ? 2 : 3;
}

/** The direction of a pixel's ray in the world, of length 1. */
function ray(row: number, column: number, axes: Float64Array): Point {
  const slope = Math.tan((20 * Math.PI) / 180);
  const across = ((column + 0.5) / side - 0.5) * 2 * slope;
  const up = (0.5 - (row + 0.5) / side) * 2 * slope;
  const along = [0, 1, 2].map((axis) => axes[3 * axis]! * across + axes[3 * axis + 1]! * up - axes[3 * axis + 2]!);
  const length = Math.hypot(...along);
  return [along[0]! / length, along[1]! / length, along[2]! / length];
}

/** Goes along a ray by the distance to the nearest shape, until one is met. */
function march(along: Point, places: Float64Array, turns: Float64Array): { shape: number; isClose: boolean } {
  let isClose = false;
  for (let gone = 0, steps = 0; gone < 5 && steps < 2000; steps++) {
    const point = [eye[0] + gone * along[0], eye[1] + gone * along[1], eye[2] + gone * along[2]] as const;
    const distances = shapes.map((_, at) => distanceTo(at, point, places, turns));
    const least = Math.min(...distances);
    if (least < 1e-6) return { shape: distances.indexOf(least), isClose };
    if (least < 2e-3 && steps > 40) isClose = true;
    gone += least;
  }
  return { shape: -1, isClose };
}

function distanceTo(at: number, point: Point, places: Float64Array, turns: Float64Array): number {
  const from = [0, 1, 2].map((axis) => point[axis]! - places[3 * at + axis]!);
  const own = (axis: number) => from.reduce((sum, value, row) => sum + value * turns[9 * at + 3 * row + axis]!, 0);
  const [x, y, z] = [own(0), own(1), own(2)];
  const [a = 0, b = 0, c = 0] = shapes[at]!.size;
  switch (shapes[at]!.type) {
    case "plane":
      return Math.hypot(Math.max(Math.abs(x) - a, 0), Math.max(Math.abs(y) - b, 0), z);
    case "sphere":
      return Math.hypot(x, y, z) - a;
    case "capsule":
      return Math.hypot(x, y, Math.max(Math.abs(z) - b, 0)) - a;
    case "cylinder": {
      const [out, up] = [Math.hypot(x, y) - a, Math.abs(z) - b];
      return Math.min(Math.max(out, up), 0) + Math.hypot(Math.max(out, 0), Math.max(up, 0));
    }
    case "box": {
      const [dx, dy, dz] = [Math.abs(x) - a, Math.abs(y) - b, Math.abs(z) - c];
      return Math.min(Math.max(dx, dy, dz), 0) + Math.hypot(Math.max(dx, 0), Math.max(dy, 0), Math.max(dz, 0));
    }
  }
}
