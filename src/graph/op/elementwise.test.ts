import { describe, expect, it } from "vitest";
import { constant, input } from "../array.ts";
import { gradient } from "../gradient.ts";
import { expectClose } from "../testing/close.ts";
import { bits, evaluate, floats, plainly } from "../testing/evaluate.ts";
import { gradientsOf } from "../testing/gradients-of.ts";
import { mustNotCompile } from "../testing/must-not-compile.ts";
import { sum } from "./align.ts";
import * as elementwise from "./elementwise.ts";

const { add, asFloat, complement, cos, divide, exp, log, multiply, negate, offset } = elementwise;
const { erf, scale, sigmoid, sin, sqrt, square, stopGradient, subtract, tanh } = elementwise;

const exact = { absolute: 0, relative: 0, because: "small integers and halves" };
const rounded = { absolute: 0, relative: 2e-7, because: "one kernel of the runtime in float32" };

describe("values", () => {
  const x = constant(floats("float32", "i", [4], [-2, 0.5, 1, 3]));
  const y = constant(floats("float32", "i", [4], [4, -0.5, 2, -8]));

  it.each([
    ["add", add(x, y), [2, 0, 3, -5]],
    ["subtract", subtract(x, y), [-6, 1, -1, 11]],
    ["multiply", multiply(x, y), [-8, -0.25, 2, -24]],
    ["divide", divide(x, y), [-0.5, -1, 0.5, -0.375]],
    ["negate", negate(x), [2, -0.5, -1, -3]],
    ["scale", scale(x, -1.5), [3, -0.75, -1.5, -4.5]],
    ["offset", offset(x, 0.5), [-1.5, 1, 1.5, 3.5]],
    ["complement", complement(x), [3, 0.5, 0, -2]],
    ["square", square(x), [4, 0.25, 1, 9]],
  ] as const)("of %s are those by hand", async (_, array, expected) => {
    expectClose("value", (await evaluate({ array }, plainly)).array, expected, exact);
  });

  it.each([
    ["exp", exp(x), Math.exp],
    ["log", log(square(x)), (cell: number) => Math.log(cell ** 2)],
    ["sqrt", sqrt(square(y)), Math.abs],
    ["sin", sin(x), Math.sin],
    ["cos", cos(x), Math.cos],
    ["tanh", tanh(x), Math.tanh],
  ] as const)("of %s are JavaScript's own", async (name, array, own) => {
    const cells = name === "sqrt" ? [4, -0.5, 2, -8] : [-2, 0.5, 1, 3];
    expectClose("value", (await evaluate({ array }, plainly)).array, cells.map(own), rounded);
  });

  it("of erf are those of a table", async () => {
    const { array } = await evaluate({ array: erf(x) }, plainly);
    expectClose("value", array, [-0.9953222650189527, 0.5204998778130465, 0.8427007929497149, 0.9999779095030014], {
      ...rounded,
      relative: 2e-6,
      because: "the runtime's rational form",
    });
  });

  it("of sigmoid are JavaScript's own", async () => {
    const { array } = await evaluate({ array: sigmoid(x) }, plainly);
    const expected = [-2, 0.5, 1, 3].map((cell) => 1 / (1 + Math.exp(-cell)));
    expectClose("value", array, expected, { ...rounded, relative: 2e-6, because: "the runtime's rational form" });
  });
});

describe("special values", () => {
  it("multiplying by 0 keeps NaN, which is why a mask is never multiplied", async () => {
    const x = constant(floats("float32", "i", [2], [Number.NaN, Number.POSITIVE_INFINITY]));
    const zero = constant(floats("float32", "i", [2], [0, 0]));
    const { product } = await evaluate({ product: multiply(x, zero) }, plainly);
    expect([...product]).toEqual([Number.NaN, Number.NaN]);
  });
});

it("one array on both sides of an op receives both gradients", async () => {
  const x = input("x", "i", [3], "float64");
  const y = sum(multiply(x, add(x, x)), "");
  const feeds = new Map([["x", floats("float64", "i", [3], [1, -2, 0.5])]]);
  const { slope } = await evaluate({ slope: gradient(y, [x])[0]! }, { ...plainly, feeds });
  expectClose("gradient of 2x²", slope, [4, -8, 2], exact);
});

it("stopGradient gives what it is given, and nobody before it learns from it", async () => {
  const x = input("x", "i", [3], "float64");
  const kept = stopGradient(scale(x, 2));
  const feeds = new Map([["x", floats("float64", "i", [3], [1, -2, 0.5])]]);
  const found = await evaluate({ kept, slope: gradient(sum(multiply(x, kept), ""), [x])[0]! }, { ...plainly, feeds });
  expectClose("value", found.kept, [2, -4, 1], exact);
  // Of x · c with c = 2x held fixed: 2x, not 4x.
  expectClose("gradient", found.slope, [2, -4, 1], exact);
});

describe("errors", () => {
  const wide = constant(floats("float32", "b n", [2, 3], [1, 2, 3, 4, 5, 6]));
  const tall = constant(floats("float32", "b n", [3, 2], [1, 2, 3, 4, 5, 6]));

  it("name the axes and sizes on both sides", () => {
    expect(() => add(wide, tall)).toThrow(
      "add: expected arrays of equal axes and sizes, got [b=2 n=3] and [b=3 n=2]; use alignTo",
    );
  });

  it("a float array is told from others by its type", () => {
    expect(asFloat(wide)).toBe(wide);
    expect(() => asFloat(constant(bits("b", [2], [0, 1])))).toThrow("expected float32 or float64, got bool");
  });
});

mustNotCompile(() => {
  const x = input("x", "b n", [2, 3], "float32");
  const other = input("other", "b t", [2, 3], "float32");
  const turned = input("turned", "n b", [3, 2], "float32");
  const double = input("double", "b n", [2, 3], "float64");
  const count = input("count", "b n", [2, 3], "int32");
  // @ts-expect-error Arrays of other axes.
  add(x, other);
  // @ts-expect-error The same axes in another order.
  multiply(x, turned);
  // @ts-expect-error Two precisions.
  subtract(x, double);
  // @ts-expect-error Integers have no gradient.
  exp(count);
  // @ts-expect-error A gradient is that of a scalar.
  gradient(x, [x]);
});

gradientsOf(elementwise, {
  add: [(float) => add(float("x", "b n", [2, 3]), float("y", "b n", [2, 3]))],
  subtract: [(float) => subtract(float("x", "b n", [2, 3]), float("y", "b n", [2, 3]))],
  multiply: [(float) => multiply(float("x", "b n", [2, 3]), float("y", "b n", [2, 3]))],
  divide: [(float) => divide(float("x", "b n", [2, 3]), offset(square(float("y", "b n", [2, 3])), 0.5))],
  negate: [(float) => negate(float("x", "b n", [2, 3]))],
  scale: [(float) => scale(float("x", "b n", [2, 3]), -1.7)],
  offset: [(float) => square(offset(float("x", "b n", [2, 3]), 0.3))],
  complement: [(float) => square(complement(float("x", "b n", [2, 3])))],
  square: [(float) => square(float("x", "b n", [2, 3]))],
  exp: [(float) => exp(float("x", "b n", [2, 3]))],
  log: [(float) => log(offset(square(float("x", "b n", [2, 3])), 0.5))],
  sqrt: [(float) => sqrt(offset(square(float("x", "b n", [2, 3])), 0.5))],
  sin: [(float) => sin(float("x", "b n", [2, 3]))],
  cos: [(float) => cos(float("x", "b n", [2, 3]))],
  tanh: [(float) => tanh(float("x", "b n", [2, 3]))],
  erf: [(float) => erf(float("x", "b n", [2, 3]))],
  sigmoid: [(float) => sigmoid(float("x", "b n", [2, 3]))],
  stopGradient: { without: "has none on purpose; tested above" },
  asFloat: { without: "narrows a type" },
  unary: { without: "makes the ops above" },
});
