import { describe, expect, it } from "vitest";
import { firstOutside, limited, widened } from "./limit.ts";

/** Of a joint in degrees and of a gripper from 0 to 1. */
const limits = { low: Float64Array.of(-90, 0), high: Float64Array.of(45, 1) };

describe("limits of actions", () => {
  it("clamp each dof to its own ends and count what was beyond, by dof", () => {
    const chunk = [
      [-91, 0.5],
      [-90, 1.25],
      [45, -0.5],
      [200, 1],
    ];
    expect(limited(chunk, limits)).toEqual({
      actions: [
        [-90, 0.5],
        [-90, 1],
        [45, 0],
        [45, 1],
      ],
      outside: [2, 2],
    });
    expect(chunk[0]).toEqual([-91, 0.5]);
  });

  it("leave what is within them as it is, its ends too", () => {
    const chunk = [
      [-90, 0],
      [45, 1],
      [0, 0.3],
    ];
    expect(limited(chunk, limits)).toEqual({ actions: chunk, outside: [0, 0] });
    expect(firstOutside(chunk, limits)).toBeNull();
  });

  it("are told where they are first crossed, on either side", () => {
    expect(
      firstOutside(
        [
          [0, 0],
          [0, 1.01],
        ],
        limits,
      ),
    ).toEqual({ step: 1, dof: 1 });
    expect(
      firstOutside(
        [
          [0, 0],
          [-90.5, 0],
        ],
        limits,
      ),
    ).toEqual({ step: 1, dof: 0 });
  });

  it("are wider than the data by a share of their range, on both sides", () => {
    const wide = widened({ low: Float64Array.of(-100, 0), high: Float64Array.of(60, 1) }, 0.125);
    expect(wide).toEqual({ low: Float64Array.of(-120, -0.125), high: Float64Array.of(80, 1.125) });
  });

  it("leave a dof that never moved in the data its constant, and hardly more", () => {
    const still = widened({ low: Float64Array.of(0.5), high: Float64Array.of(0.5) }, 0.1);
    expect(still.low[0]).toBeCloseTo(0.49999, 6);
    expect(still.high[0]).toBeCloseTo(0.50001, 6);
  });

  it("have float32 ends, so that what is clamped to one is not beyond it once it is float32", () => {
    const { low, high } = widened({ low: Float64Array.of(-0.1), high: Float64Array.of(0.1) }, 0);
    const [[clamped]] = limited([[7]], { low, high }).actions as [[number]];
    expect(Math.fround(clamped)).toBe(high[0]);
    expect(high[0]).toBe(Math.fround(0.1 + 1e-5));
  });
});
