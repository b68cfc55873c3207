import { describe, expect, it } from "vitest";
import { constant, input } from "../array.ts";
import { gradient } from "../gradient.ts";
import { expectClose } from "../testing/close.ts";
import { bits, evaluate, floats, plainly } from "../testing/evaluate.ts";
import { gradientsOf } from "../testing/gradients-of.ts";
import { mustNotCompile } from "../testing/must-not-compile.ts";
import * as align from "./align.ts";
import { add, multiply } from "./elementwise.ts";

const { alignAny, alignTo, max, sum, sumAny } = align;
const exact = { absolute: 0, relative: 0, because: "small integers" };
const form = { axes: "b t d", shape: [2, 2, 3], type: "float32" } as const;

describe("alignTo", () => {
  it.each([
    ["b", [2], [1, 2], [1, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 2]],
    ["t", [2], [1, 2], [1, 1, 1, 2, 2, 2, 1, 1, 1, 2, 2, 2]],
    ["d", [3], [1, 2, 3], [1, 2, 3, 1, 2, 3, 1, 2, 3, 1, 2, 3]],
    ["b d", [2, 3], [1, 2, 3, 4, 5, 6], [1, 2, 3, 1, 2, 3, 4, 5, 6, 4, 5, 6]],
    ["", [], [7], [7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7]],
  ] as const)("repeats [%s] along the axes it lacks", async (axes, shape, values, expected) => {
    const whole = alignAny(constant(floats("float32", axes, shape, values)), form);
    expectClose("aligned", (await evaluate({ whole }, plainly)).whole, expected, exact);
  });

  it("leaves an array of the same axes as it is", async () => {
    const x = constant(floats("float32", "b d", [1, 2], [3, 4]));
    const { same } = await evaluate({ same: alignTo(x, x) }, plainly);
    expectClose("aligned", same, [3, 4], exact);
  });

  it("repeats truth values as well", async () => {
    const real = alignTo(constant(bits("b", [2], [0, 1])), { axes: "b n", shape: [2, 2], type: "bool" });
    expect([...(await evaluate({ real }, plainly)).real]).toEqual([0, 0, 1, 1]);
  });

  it("two arrays that are both repeated meet whole", async () => {
    const row = alignTo(constant(floats("float32", "b", [2], [10, 20])), {
      axes: "b d",
      shape: [2, 3],
      type: "float32",
    });
    const column = alignTo(constant(floats("float32", "d", [3], [1, 2, 3])), row);
    const { met } = await evaluate({ met: add(row, column) }, plainly);
    expectClose("sum", met, [11, 12, 13, 21, 22, 23], exact);
  });

  it("an aligned array of an aligned array is whole", async () => {
    const one = alignAny(constant(floats("float32", "d", [2], [1, 2])), {
      axes: "t d",
      shape: [2, 2],
      type: "float32",
    });
    const { two } = await evaluate(
      { two: alignAny(one, { axes: "b t d", shape: [2, 2, 2], type: "float32" }) },
      plainly,
    );
    expectClose("aligned", two, [1, 2, 1, 2, 1, 2, 1, 2], exact);
  });

  it("names axes and sizes of both sides where they do not fit", () => {
    const array = constant(floats("float32", "b d", [2, 4], new Float32Array(8)));
    const expected = (theirs: string) =>
      `alignTo: expected the axes of [b=2 d=4] within ${theirs}, in order and of equal size`;
    expect(() => alignAny(array, form)).toThrow(expected("[b=2 t=2 d=3]"));
    expect(() => alignAny(array, { axes: "d b", shape: [4, 2], type: "float32" })).toThrow(expected("[d=4 b=2]"));
    expect(() => alignAny(array, { axes: "b t", shape: [2, 4], type: "float32" })).toThrow(expected("[b=2 t=4]"));
  });
});

describe("sum", () => {
  const x = constant(floats("float32", "b t d", [2, 2, 3], [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]));

  it.each([
    ["b t d", [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]],
    ["b t", [6, 15, 24, 33]],
    ["b d", [5, 7, 9, 17, 19, 21]],
    ["t d", [8, 10, 12, 14, 16, 18]],
    ["t", [30, 48]],
    ["", [78]],
  ] as const)("keeps [%s]", async (keep, expected) => {
    expectClose("sum", (await evaluate({ kept: sumAny(x, keep) }, plainly)).kept, expected, exact);
  });

  it("sums an array that is only repeated as if its cells were written out", async () => {
    const whole = alignTo(constant(floats("float32", "d", [3], [1, 2, 3])), form);
    expectClose("sum", (await evaluate({ kept: sum(whole, "d") }, plainly)).kept, [4, 8, 12], exact);
  });

  it("refuses an axis that the array lacks, by name", () => {
    expect(() => sumAny(x, "b e")).toThrow('sum: expected an axis "e" to keep, got [b=2 t=2 d=3]');
    expect(() => sumAny(x, "d b")).toThrow("sum: expected the axes of [d=3 b=2] within [b=2 t=2 d=3], in order");
  });
});

describe("max", () => {
  const x = constant(floats("float32", "b n", [2, 3], [3, -1, 2, -5, -4, -6]));

  it.each([
    ["b", [3, -4]],
    ["n", [3, -1, 2]],
    ["", [3]],
    ["b n", [3, -1, 2, -5, -4, -6]],
  ] as const)("keeps [%s]", async (keep, expected) => {
    const kept = keep === "b n" ? max(x, "b n") : keep === "b" ? max(x, "b") : keep === "n" ? max(x, "n") : max(x, "");
    expectClose("max", (await evaluate({ kept }, plainly)).kept, expected, exact);
  });

  it("carries no gradient", async () => {
    const y = input("y", "b n", [1, 2], "float64");
    const shifted = sum(multiply(y, alignTo(max(y, "b"), y)), "");
    const feeds = new Map([["y", floats("float64", "b n", [1, 2], [2, 3])]]);
    const { slope } = await evaluate({ slope: gradient(shifted, [y])[0]! }, { ...plainly, feeds });
    expectClose("gradient of y · stopped(max y)", slope, [3, 3], exact);
  });
});

mustNotCompile(() => {
  const x = input("x", "b t d", [2, 2, 3], "float32");
  const turned = input("turned", "d b", [3, 2], "float32");
  const other = input("other", "b e", [2, 4], "float32");
  // @ts-expect-error The axes stand in another order there.
  alignTo(turned, x);
  // @ts-expect-error An axis that the other lacks.
  alignTo(other, x);
  // @ts-expect-error The larger one does not fit into the smaller.
  alignTo(x, other);
  // @ts-expect-error An axis to keep that is not there.
  sum(x, "b e");
  // @ts-expect-error Axes to keep in another order.
  sum(x, "t b");
  // @ts-expect-error A whole array is no scalar.
  gradient(sum(x, "b"), [x]);
});

gradientsOf(align, {
  alignTo: [
    (float) => alignTo(float("x", "b d", [2, 3]), { axes: "b t d", shape: [2, 4, 3], type: "float32" }),
    (float) => alignTo(float("x", "", []), { axes: "b t", shape: [2, 3], type: "float32" }),
    (float) => alignTo(float("x", "b d", [1, 3]), { axes: "b t d", shape: [1, 1, 3], type: "float32" }),
  ],
  alignAny: [(float) => alignAny(float("x", "t", [3]), { axes: "b t d", shape: [2, 3, 2], type: "float32" })],
  sum: [(float) => sum(float("x", "b t d", [2, 3, 4]), "b d"), (float) => sum(float("x", "b t", [2, 3]), "")],
  sumAny: [(float) => sumAny(float("x", "b t d", [2, 3, 4]), "t"), (float) => sumAny(float("x", "b", [3]), "b")],
  max: { without: "carries none: tested above by hand" },
});
