import { describe, expect, it } from "vitest";
import { apply, type FloatType, type SymbolicArray } from "../array.ts";
import { asFloat, multiply, offset, scale, sin, square } from "../op/elementwise.ts";
import { type Case, checkGradients, checkPrecisions, type Declare } from "./finite-difference.ts";

describe("finite differences", () => {
  it("accept a right gradient", async () => {
    await checkGradients("right", (float) => sin(multiply(float("x", "i j", [2, 3]), float("y", "i j", [2, 3]))));
  });

  it("refuse one that is wrong by 1e-5 of its size", async () => {
    await expect(checkGradients("wrong", slightlyWrong(1 + 1e-5))).rejects.toThrow(
      "wrong, gradient of x: largest difference",
    );
  });

  it("refuse an input that nothing depends on", async () => {
    await expect(checkGradients("idle", (float) => scale(float("x", "i", [3]), 0))).rejects.toThrow(
      "idle, gradient of x: expected a gradient, got 0 in every cell",
    );
  });
});

describe("precisions", () => {
  it("agree where float64 computes what float32 does", async () => {
    await checkPrecisions("square", (float) => square(float("x", "i", [5])));
  });

  it("are refused where they differ by 1e-4", async () => {
    const other: Case = (float) => {
      const x = float("x", "i", [5]);
      return x.type === "float64" ? offset(x, 1e-4) : x;
    };
    await expect(checkPrecisions("other", other)).rejects.toThrow("other, value in float32: largest difference");
  });
});

/** The identity, with a gradient that is off by a factor. */
function slightlyWrong(factor: number): Case {
  return (float) => identity(float, factor);
}

function identity<D extends FloatType>(float: Declare<D>, factor: number): SymbolicArray<string, D> {
  const x = float("x", "i", [4]);
  return apply(x, [x], {
    name: "identity",
    lower: (lowering, [only]) => [lowering.node("Identity", [lowering.value(only!)])],
    gradient: (given) => [scale(asFloat(given), factor)],
  });
}
