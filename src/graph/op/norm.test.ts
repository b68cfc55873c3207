import { describe, expect, it } from "vitest";
import { constant, type FloatType, input, type SymbolicArray } from "../array.ts";
import { stream } from "../random.ts";
import { expectClose, expectFinite } from "../testing/close.ts";
import { evaluate, floats, plainly } from "../testing/evaluate.ts";
import { gradientsOf } from "../testing/gradients-of.ts";
import { mustNotCompile } from "../testing/must-not-compile.ts";
import { scale } from "./elementwise.ts";
import * as norm from "./norm.ts";

const { layerNorm, rmsNorm } = norm;

const [rows, width] = [6, 10];
const epsilon = 1e-3;
const [x, gain, bias] = ["x", "gain", "bias"].map((name, at) => {
  const cells = new Float32Array(at === 0 ? rows * width : width);
  stream(0, "norm", name).fillNormal(cells, 0, 0, 0);
  return cells;
});

describe.each(["float32", "float64"] as const)("in %s", (type) => {
  const [value, weight, shift] = [
    constant(floats(type, "b n e", [2, 3, width], x!)),
    constant(floats(type, "e", [width], gain!)),
    constant(floats(type, "e", [width], bias!)),
  ];
  const tolerance =
    type === "float32"
      ? { absolute: 1e-6, relative: 1e-6, because: "float32 mean of 10 cells" }
      : { absolute: 1e-14, relative: 1e-14, because: "float64 mean of 10 cells" };

  it("layerNorm takes mean and population variance of each row", async () => {
    const { result } = await evaluate({ result: layerNorm(value, weight, shift, epsilon) }, plainly);
    const expected = Array.from({ length: rows * width }, (_, at) => {
      const row = x!.subarray(at - (at % width), at - (at % width) + width);
      const mean = row.reduce((sum, cell) => sum + cell, 0) / width;
      const variance = row.reduce((sum, cell) => sum + (cell - mean) ** 2, 0) / width;
      return ((x![at]! - mean) / Math.sqrt(variance + epsilon)) * gain![at % width]! + bias![at % width]!;
    });
    expectClose("layerNorm", result, expected, tolerance);
  });

  it("rmsNorm takes the mean square of each row", async () => {
    const { result } = await evaluate({ result: rmsNorm(value, weight, epsilon) }, plainly);
    const expected = Array.from({ length: rows * width }, (_, at) => {
      const row = x!.subarray(at - (at % width), at - (at % width) + width);
      const mean = row.reduce((sum, cell) => sum + cell ** 2, 0) / width;
      return (x![at]! / Math.sqrt(mean + epsilon)) * gain![at % width]!;
    });
    expectClose("rmsNorm", result, expected, tolerance);
  });

  it("a row of zeros stays finite: epsilon stands under the root", async () => {
    const zeros = constant(floats(type, "b n e", [1, 1, width], new Float32Array(width)));
    const found = await evaluate(
      { layer: layerNorm(zeros, weight, shift, epsilon), root: rmsNorm(zeros, weight, epsilon) },
      plainly,
    );
    expectClose("layerNorm", found.layer, bias!, { absolute: 0, relative: 0, because: "0 / √ε is 0" });
    expectFinite("rmsNorm", found.root);
  });
});

describe("errors", () => {
  const wide = input("x", "b n e", [1, 2, 4], "float32");

  it("show the array and the weight that does not fit its last axis", () => {
    const other = input("gain", "n", [2], "float32");
    expect(() => rmsNorm(wide, other, epsilon)).toThrow(
      "rmsNorm: expected a weight for the last axis of [b=1 n=2 e=4], got [n=2]",
    );
    const short = input("gain", "e", [3], "float32");
    expect(() => layerNorm(wide, short, short, epsilon)).toThrow(
      "layerNorm: expected a weight for the last axis of [b=1 n=2 e=4], got [e=3]",
    );
  });

  it("name both types where they differ", () => {
    const double: SymbolicArray<"e", FloatType> = input("gain", "e", [4], "float64");
    expect(() => rmsNorm<"b n e", "e", FloatType>(wide, double, epsilon)).toThrow("got float32 and float64; use cast");
  });
});

mustNotCompile(() => {
  const wide = input("x", "b n e", [1, 2, 4], "float32");
  const double = input("gain", "e", [4], "float64");
  // @ts-expect-error Two precisions.
  return rmsNorm(wide, double, epsilon);
});

gradientsOf(norm, {
  layerNorm: [
    (float) => layerNorm(float("x", "b n e", [2, 2, 5]), float("gain", "e", [5]), float("bias", "e", [5]), 1e-6),
    (float) =>
      layerNorm(scale(float("x", "b e", [2, 5]), 0.05), float("gain", "e", [5]), float("bias", "e", [5]), 1e-2),
  ],
  rmsNorm: [
    (float) => rmsNorm(float("x", "b n e", [2, 2, 5]), float("gain", "e", [5]), 1e-6),
    (float) => rmsNorm(scale(float("x", "b e", [2, 5]), 0.05), float("gain", "e", [5]), 1e-2),
    (float) => rmsNorm(float("x", "e", [5]), float("gain", "e", [5]), 1e-6),
  ],
});
