import { describe, expect, it } from "vitest";
import { constant, input, type SymbolicArray } from "../array.ts";
import { gradient } from "../gradient.ts";
import { expectSameBits } from "../testing/bits.ts";
import { expectClose, expectFinite } from "../testing/close.ts";
import { bits, evaluate, floats, plainly } from "../testing/evaluate.ts";
import { gradientsOf } from "../testing/gradients-of.ts";
import { mustNotCompile } from "../testing/must-not-compile.ts";
import { sum } from "./align.ts";
import { add, multiply, scale } from "./elementwise.ts";
import { select } from "./select.ts";
import * as ops from "./softmax.ts";

const { logSoftmax, maskedSoftmax, softmax } = ops;

const points = [1, 2, 4, -1, 0, 30];
const mask = [1, 0, 1, 0, 0, 0];

function naive(row: readonly number[], may: readonly number[]): number[] {
  const total = row.reduce((sum, cell, at) => sum + (may[at] === 1 ? Math.exp(cell) : 0), 0);
  return row.map((cell, at) => (may[at] === 1 ? Math.exp(cell) / total : 0));
}

describe.each(["float32", "float64"] as const)("in %s", (type) => {
  const x = constant(floats(type, "b n", [2, 3], points));
  const tolerance =
    type === "float32"
      ? { absolute: 3e-7, relative: 0, because: "float32" }
      : { absolute: 1e-15, relative: 0, because: "float64" };

  it("softmax is eˣ over its row's sum", async () => {
    const expected = [...naive(points.slice(0, 3), [1, 1, 1]), ...naive(points.slice(3), [1, 1, 1])];
    expectClose("softmax", (await evaluate({ y: softmax(x) }, plainly)).y, expected, tolerance);
  });

  it("logSoftmax is its logarithm, also where the softmax is too small for it", async () => {
    const far = constant(floats(type, "b n", [1, 2], [0, 200]));
    const { y, z } = await evaluate({ y: logSoftmax(x), z: logSoftmax(far) }, plainly);
    const expected = [...naive(points.slice(0, 3), [1, 1, 1]), ...naive(points.slice(3), [1, 1, 1])].map(Math.log);
    expectClose("logSoftmax", y, expected, {
      ...tolerance,
      relative: tolerance.absolute,
      absolute: 3 * tolerance.absolute,
    });
    expectClose("far", z, [-200, 0], { absolute: 0, relative: 0, because: "e⁻²⁰⁰ is nothing beside 1" });
  });

  it("maskedSoftmax takes the cells that are admitted; a row that admits none is exactly 0", async () => {
    const y = maskedSoftmax(x, constant(bits("b n", [2, 3], mask)));
    const expected = [...naive(points.slice(0, 3), mask), 0, 0, 0];
    const found = (await evaluate({ y }, plainly)).y;
    expectClose("maskedSoftmax", found, expected, tolerance);
    expectSameBits("cells not admitted", [found[1]!, ...found.slice(3)], [0, 0, 0, 0]);
  });
});

describe("behind the mask", () => {
  const scores = input("scores", "b n", [2, 3], "float32");
  const admitted = constant(bits("b n", [2, 3], mask));
  const weight = constant(floats("float32", "b n", [2, 3], [1, -2, 3, -4, 5, -6]));
  const outputs = (soft: SymbolicArray<"b n">) => {
    const [slope] = gradient(sum(multiply(soft, weight), ""), [scores]);
    return { soft, slope: slope! };
  };
  const run = (soft: SymbolicArray<"b n">, cells: readonly number[]) =>
    evaluate(outputs(soft), { ...plainly, feeds: new Map([["scores", floats("float32", "b n", [2, 3], cells)]]) });
  const poisons = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 1e30, -1e30, 7];

  it.each(poisons)("%s changes no bit of the result or of the gradient", async (poison) => {
    const soft = maskedSoftmax(scores, admitted);
    const clean = await run(soft, points);
    const poisoned = await run(
      soft,
      points.map((cell, at) => (mask[at] === 1 ? cell : poison)),
    );
    expectFinite("gradient", clean.slope);
    expectSameBits("result", poisoned.soft, clean.soft);
    expectSameBits("gradient", poisoned.slope, clean.slope);
    expectClose("gradient not admitted", [clean.slope[1]!, ...clean.slope.slice(3)], [0, 0, 0, 0], {
      absolute: 0,
      relative: 0,
      because: "exactly 0",
    });
  });

  it("the trap can fail: a large negative number added in place of the selection lets NaN through", async () => {
    const soft = softmax(
      add(scores, scale(select(admitted, constant(floats("float32", "b n", [2, 3], new Float32Array(6))), -1), 1e30)),
    );
    const poisoned = await run(
      soft,
      points.map((cell, at) => (mask[at] === 1 ? cell : Number.NaN)),
    );
    expect(poisoned.soft[0]).toBeNaN();
  });

  it("the trap can fail: without the second selection a row that admits none is a uniform average", async () => {
    const soft = softmax(select(admitted, scores, -1e30));
    const { soft: found } = await run(soft, points);
    expectClose("uniform", found.slice(3), [1 / 3, 1 / 3, 1 / 3], { absolute: 1e-7, relative: 0, because: "float32" });
  });
});

it("a mask over some of the axes holds for all the others", async () => {
  const x = constant(floats("float32", "b g n", [1, 2, 2], [0, 0, 1, 1]));
  const { y } = await evaluate({ y: maskedSoftmax(x, constant(bits("b n", [1, 2], [1, 0]))) }, plainly);
  expect([...y]).toEqual([1, 0, 1, 0]);
});

it("a mask of another size is refused with both", () => {
  const x = input("x", "b q k", [1, 2, 3], "float32");
  expect(() => maskedSoftmax(x, input("mask", "b k", [1, 2], "bool"))).toThrow(
    "expected the axes of [b=1 k=2] within [b=1 q=2 k=3]",
  );
});

mustNotCompile(() => {
  const x = input("x", "b q k", [1, 2, 3], "float32");
  // @ts-expect-error A mask of other axes.
  maskedSoftmax(x, input("mask", "b n", [1, 3], "bool"));
  // @ts-expect-error A mask with keys before queries.
  maskedSoftmax(x, input("mask", "b k q", [1, 3, 2], "bool"));
  // @ts-expect-error Numbers are no mask.
  maskedSoftmax(x, input("mask", "b q k", [1, 2, 3], "float32"));
});

gradientsOf(ops, {
  maskedSoftmax: [
    (float) =>
      maskedSoftmax(float("x", "b n", [3, 4]), constant(bits("b n", [3, 4], [1, 1, 0, 1, 0, 0, 1, 0, 1, 1, 1, 1]))),
    (float) => maskedSoftmax(float("x", "b g n", [2, 2, 3]), constant(bits("b n", [2, 3], [0, 0, 0, 1, 0, 1]))),
  ],
  softmax: [(float) => softmax(float("x", "b n", [3, 4])), (float) => softmax(float("x", "n", [4]))],
  logSoftmax: [(float) => logSoftmax(float("x", "b n", [3, 4]))],
});
