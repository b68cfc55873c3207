import { afterAll, beforeAll, expect, it } from "vitest";
import { Limb, type LimbPlace, limbActuators, limbBody } from "./limb.ts";
import { model } from "./mjcf.ts";
import { loadPhysics, PhysicsWorld, type Vector } from "./physics.ts";

const place: LimbPlace = { prefix: "", base: [0.1, -0.2, 0], turn: 2, camera: null };
let world: PhysicsWorld;

beforeAll(async () => {
  world = new PhysicsWorld(
    await loadPhysics(),
    model("limb", { world: [limbBody(place)], actuators: limbActuators("") }),
  );
});

afterAll(() => world.close());

it("the solved joint angles bring the tip to the place, the hand pointing down, the fingers along the yaw", () => {
  const limb = new Limb(world, place);
  const down = world.thing("hand");
  for (const [out, angle, height, yaw] of [
    [0.2, 0, 0.02, 0],
    [0.28, 0.8, 0.05, 0.4],
    [0.17, -0.9, 0.15, -0.7],
  ] as const) {
    const goal: Vector = [
      place.base[0] + out * Math.cos(place.turn + angle),
      place.base[1] + out * Math.sin(place.turn + angle),
      height,
    ];
    limb.start([...limb.solve(goal, yaw), 0.5]);
    world.settle();
    // 1e-12: float64 through some twenty trigonometric functions.
    for (const axis of [0, 1, 2] as const) expect(Math.abs(limb.tip()[axis] - goal[axis])).toBeLessThan(1e-12);
    expect(down.up()[2]).toBeCloseTo(-1, 12);
    const fingers = [world.thing("left finger"), world.thing("right finger")].map((finger) => finger.position());
    const along = Math.atan2(fingers[0]![0] - fingers[1]![0], fingers[1]![1] - fingers[0]![1]);
    expect(Math.sin(along - yaw)).toBeCloseTo(0, 12);
    expect(limb.opening()).toBeCloseTo(0.5, 12);
  }
});
