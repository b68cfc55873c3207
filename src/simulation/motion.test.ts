import { describe, expect, it } from "vitest";
import { towards, wrapped } from "./motion.ts";

describe("towards", () => {
  it("keeps to the straight way and to every entry's move", () => {
    expect(towards([0, 1], [10, -1], [1, 1])).toEqual([1, 0.8]);
  });

  it("goes half of what is left at the end, and nowhere from the goal", () => {
    expect(towards([0, 0], [0.5, 0], [1, 1])).toEqual([0.25, 0]);
    expect(towards([2, 3], [2, 3], [1, 1])).toEqual([2, 3]);
  });
});

it("an angle is wrapped to the nearest turn", () => {
  expect(wrapped(3 * Math.PI + 0.25)).toBeCloseTo(-Math.PI + 0.25, 12);
  expect(wrapped(-0.5)).toBe(-0.5);
});
