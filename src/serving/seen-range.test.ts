import { describe, expect, it } from "vitest";
import type { Statistics } from "../dataset/statistics.ts";
import type { Dof } from "../embodiment/embodiment.ts";
import { seenRanges } from "./seen-range.ts";

const dof = (name: string, more: Partial<Dof>): Dof => ({
  name,
  unit: "rad",
  part: "arm",
  kind: "continuous",
  slot: 0,
  state: null,
  ...more,
});

/** Statistics with these ends by entry; percentiles are half as far from 0. */
function statistics(ends: readonly (readonly [number, number])[], count = 9): Statistics {
  const of = (value: (end: readonly [number, number]) => number) => Float64Array.from(ends, value);
  return {
    count,
    mean: of(() => 0),
    std: of(() => 1),
    min: of(([low]) => low),
    max: of(([, high]) => high),
    q01: of(([low]) => low / 2),
    q99: of(([, high]) => high / 2),
  };
}

describe("where a robot's actions were in its data", () => {
  it("is what the statistics of its actions say, dof by dof", () => {
    const found = seenRanges(
      {
        action: statistics([
          [-2, 4],
          [0, 1],
        ]),
        state: statistics([[-9, 9]]),
      },
      { dofs: [dof("shoulder", { state: 0 }), dof("gripper", { kind: "gripper" })] },
      "absolute",
    );
    expect(found?.extremes).toEqual({ low: Float64Array.of(-2, 0), high: Float64Array.of(4, 1) });
    expect(found?.quantiles).toEqual({ low: Float64Array.of(-1, 0), high: Float64Array.of(2, 0.5) });
  });

  it("is where the state was, for a dof that the policy thinks of as a difference from it", () => {
    const found = seenRanges(
      {
        action: statistics([
          [-0.1, 0.1],
          [0, 1],
        ]),
        state: statistics([
          [5, 6],
          [-3, 3],
        ]),
      },
      { dofs: [dof("elbow", { state: 1 }), dof("gripper", { kind: "gripper" })] },
      "delta",
    );
    expect(found?.extremes).toEqual({ low: Float64Array.of(-3, 0), high: Float64Array.of(3, 1) });
  });

  it("is in the units in which the robot gives and takes its numbers", () => {
    const turned = { recordedIn: { range: [100, -100], limits: [-2, 2] } } as const;
    const found = seenRanges(
      {
        action: statistics([
          [-Math.PI, Math.PI / 2],
          [-1, 2],
        ]),
        state: statistics([]),
      },
      { dofs: [dof("wrist", { recordedIn: "deg" }), dof("lift", turned)] },
      "absolute",
    );
    // Of −2 … 2 that stand for 100 … −100, −1 is 50 and 2 is −100.
    expect(found?.extremes.low[0]).toBeCloseTo(-180, 10);
    expect(found?.extremes.high[0]).toBeCloseTo(90, 10);
    expect([found?.extremes.low[1], found?.extremes.high[1]]).toEqual([-100, 50]);
  });

  it("is not known of statistics that count no sample", () => {
    const own = { action: statistics([[-1, 1]], 0), state: statistics([[-1, 1]]) };
    expect(seenRanges(own, { dofs: [dof("shoulder", {})] }, "absolute")).toBeNull();
    const relative = { action: statistics([[-1, 1]]), state: statistics([[-1, 1]], 0) };
    expect(seenRanges(relative, { dofs: [dof("shoulder", { state: 0 })] }, "delta")).toBeNull();
  });
});
