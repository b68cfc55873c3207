import { expect, it } from "vitest";
import { nearestIn } from "./target.ts";

const ring = { x: [-1, 1], y: [-1, 0.25], distance: [0.5, 0.8] } as const;

it("leaves a place within the area as it is", () => {
  expect(nearestIn(ring, [0.6, 0.2])).toEqual([0.6, 0.2, 0]);
});

it("moves a place along its own direction to the least and the most distance", () => {
  const far = nearestIn(ring, [-3, -4]);
  expect(far[0]).toBeCloseTo(-0.48, 12);
  expect(far[1]).toBeCloseTo(-0.64, 12);
  const near = nearestIn(ring, [0.03, -0.04]);
  expect(near[0]).toBeCloseTo(0.3, 12);
  expect(near[1]).toBeCloseTo(-0.4, 12);
  expect(nearestIn(ring, [0, 0])).toEqual([0.5, 0, 0]);
});

it("keeps a place within the box", () => {
  expect(nearestIn(ring, [0, 0.7])).toEqual([0, 0.25, 0]);
});
