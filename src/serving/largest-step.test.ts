import { describe, expect, it } from "vitest";
import { largestSteps, slowed } from "./largest-step.ts";

describe("the largest step of a dof", () => {
  it("is a share of its range in the data", () => {
    expect(largestSteps({ low: Float64Array.of(-90, 0), high: Float64Array.of(90, 1) }, 0.25)).toEqual(
      Float64Array.of(45, 0.25),
    );
  });

  it("slows a dof from where the robot is, towards what was asked, and counts by dof", () => {
    // Degrees and a gripper: from 0 by at most 10 per step, so 10, 20, then 25 is near enough; back again by −10.
    const chunk = [
      [30, 0.5],
      [30, 0.5],
      [25, 1],
      [-30, 1],
    ];
    expect(slowed(chunk, [0, 0.5], Float64Array.of(10, 0.25))).toEqual({
      actions: [
        [10, 0.5],
        [20, 0.5],
        [25, 0.75],
        [15, 1],
      ],
      slowed: [3, 1],
    });
  });

  it("leaves the first step as it is where nobody knows where the dof is, and goes on from there", () => {
    expect(slowed([[30], [45]], [null], Float64Array.of(10))).toEqual({ actions: [[30], [40]], slowed: [1] });
  });

  it("leaves steps of exactly that size as they are", () => {
    expect(slowed([[10], [0]], [0], Float64Array.of(10))).toEqual({ actions: [[10], [0]], slowed: [0] });
  });
});
