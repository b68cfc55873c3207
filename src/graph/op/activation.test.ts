import { describe, it } from "vitest";
import { constant } from "../array.ts";
import { expectClose } from "../testing/close.ts";
import { evaluate, floats, plainly } from "../testing/evaluate.ts";
import { gradientsOf } from "../testing/gradients-of.ts";
import * as activation from "./activation.ts";
import { scale } from "./elementwise.ts";

const { erf, gelu, geluTanh, relu, silu } = activation;

const points = [-6, -3, -1, -0.5, 0, 0.1, 0.5, 1, 2, 3, 4, 7];
const single = constant(floats("float32", "i", [points.length], points));
const double = constant(floats("float64", "i", [points.length], points));

/** @source Abramowitz, Stegun: Handbook of Mathematical Functions, table 7.1, continued to float64 */
const errorFunction = new Map([
  [0, 0],
  [0.1, 0.1124629160182849],
  [0.5, 0.5204998778130465],
  [1, 0.8427007929497149],
  [2, 0.9953222650189527],
  [3, 0.9999779095030014],
  [4, 0.9999999845827421],
  [6, 1],
  [7, 1],
]);

describe("values", () => {
  const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));
  const tanhForm = (x: number) => 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3)));

  it.each([
    ["erf", erf(single), erf(double), (x: number) => Math.sign(x) * errorFunction.get(Math.abs(x))!],
    ["relu", relu(single), relu(double), (x: number) => Math.max(x, 0)],
    ["silu", silu(single), silu(double), (x: number) => x * sigmoid(x)],
    ["geluTanh", geluTanh(single), geluTanh(double), tanhForm],
  ] as const)("of %s are those of its definition, in both precisions", async (_, inSingle, inDouble, own) => {
    const found = await evaluate({ inSingle, inDouble }, plainly);
    const expected = points.map(own);
    expectClose("float32", found.inSingle, expected, {
      absolute: 2e-6,
      relative: 2e-6,
      because: "rational forms of the runtime",
    });
    expectClose("float64", found.inDouble, expected, {
      absolute: 4e-12,
      relative: 1e-14,
      because: "erf is cut at 5, where it is 1 − 1.5e-12",
    });
  });

  it("of gelu are x · Φ(x), from a table of the normal distribution", async () => {
    const at = [-1, 0.5, 1, 2];
    const expected = [-0.15865525393145707, 0.34573123063700656, 0.8413447460685429, 1.9544997361036416];
    const found = await evaluate(
      {
        inSingle: gelu(constant(floats("float32", "i", [4], at))),
        inDouble: gelu(constant(floats("float64", "i", [4], at))),
      },
      plainly,
    );
    expectClose("float32", found.inSingle, expected, { absolute: 4e-7, relative: 0, because: "float32" });
    expectClose("float64", found.inDouble, expected, { absolute: 1e-15, relative: 0, because: "float64" });
  });
});

gradientsOf(activation, {
  erf: [(float) => erf(float("x", "b n", [2, 5])), (float) => erf(scale(float("x", "b n", [2, 5]), 3))],
  gelu: [(float) => gelu(float("x", "b n", [2, 5])), (float) => gelu(scale(float("x", "b n", [2, 5]), 3))],
  geluTanh: [(float) => geluTanh(float("x", "b n", [2, 5])), (float) => geluTanh(scale(float("x", "b n", [2, 5]), 3))],
  relu: [(float) => relu(float("x", "b n", [2, 5])), (float) => relu(scale(float("x", "b n", [2, 5]), 3))],
  silu: [(float) => silu(float("x", "b n", [2, 5])), (float) => silu(scale(float("x", "b n", [2, 5]), 4))],
});
