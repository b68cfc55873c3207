import { describe, it } from "vitest";
import { constant } from "../array.ts";
import { expectClose } from "../testing/close.ts";
import { evaluate, floats, plainly } from "../testing/evaluate.ts";
import { gradientsOf } from "../testing/gradients-of.ts";
import * as activation from "./activation.ts";
import { scale } from "./elementwise.ts";

const { gelu, geluTanh, relu, silu } = activation;

const points = [-6, -3, -1, -0.5, 0, 0.1, 0.5, 1, 2, 3, 4, 7];
const single = constant(floats("float32", "i", [points.length], points));
const double = constant(floats("float64", "i", [points.length], points));

describe("values", () => {
  const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));
  const tanhForm = (x: number) => 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3)));

  it.each([
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
      absolute: 1e-14,
      relative: 1e-14,
      because: "float64",
    });
  });
});

it("values of gelu are those of Python's math.erfc, in both precisions", async () => {
  const expected = [
    -5.919525870226207e-9, -0.004049694094890287, -0.15865525393145707, -0.15426876936299344, 0.0, 0.053982783727702904,
    0.34573123063700656, 0.8413447460685429, 1.9544997361036416, 2.99595030590511, 3.9998733150326675,
    6.999999999991041,
  ];
  const found = await evaluate({ inSingle: gelu(single), inDouble: gelu(double) }, plainly);
  const because = "1 + erf(x) where erf(x) is near −1";
  expectClose("float32", found.inSingle, expected, { absolute: 2e-6, relative: 2e-6, because });
  expectClose("float64", found.inDouble, expected, { absolute: 1e-14, relative: 1e-14, because });
});

gradientsOf(activation, {
  gelu: [(float) => gelu(float("x", "b n", [2, 5])), (float) => gelu(scale(float("x", "b n", [2, 5]), 3))],
  geluTanh: [(float) => geluTanh(float("x", "b n", [2, 5])), (float) => geluTanh(scale(float("x", "b n", [2, 5]), 3))],
  relu: [(float) => relu(float("x", "b n", [2, 5])), (float) => relu(scale(float("x", "b n", [2, 5]), 3))],
  silu: [(float) => silu(float("x", "b n", [2, 5])), (float) => silu(scale(float("x", "b n", [2, 5]), 4))],
});
