import { describe, expect, it } from "vitest";
import { constant, type FloatType, input, type SymbolicArray, show } from "../array.ts";
import { expectClose } from "../testing/close.ts";
import { bits, evaluate, floats, plainly } from "../testing/evaluate.ts";
import { gradientsOf } from "../testing/gradients-of.ts";
import { mustNotCompile } from "../testing/must-not-compile.ts";
import { add, multiply } from "./elementwise.ts";
import * as shape from "./shape.ts";

const { concat, merge, pad, rename, slice, split, transpose } = shape;
const exact = { absolute: 0, relative: 0, because: "cells are moved" };
const x = constant(floats("float32", "b t d", [2, 2, 3], [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]));

it.each([
  ["transpose", transpose(x, "d b t"), "[d=3 b=2 t=2]", [1, 4, 7, 10, 2, 5, 8, 11, 3, 6, 9, 12]],
  ["merge", merge(x, "t d", "n"), "[b=2 n=6]", [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]],
  ["merge in front", merge(x, "b t", "n"), "[n=4 d=3]", [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]],
  ["split", split(merge(x, "t d", "n"), "n", "a f", [3, 2]), "[b=2 a=3 f=2]", [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]],
  ["rename", rename(x, "t", "q"), "[b=2 q=2 d=3]", [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]],
  ["slice", slice(x, "d", 1, 3), "[b=2 t=2 d=2]", [2, 3, 5, 6, 8, 9, 11, 12]],
  ["a slice of everything", slice(x, "d", 0, 3), "[b=2 t=2 d=3]", [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]],
  ["pad", pad(slice(x, "b", 1, 2), "t", 1, 2), "[b=1 t=5 d=3]", [0, 0, 0, 7, 8, 9, 10, 11, 12, 0, 0, 0, 0, 0, 0]],
  [
    "concat",
    concat("t", [slice(x, "t", 1, 2), x]),
    "[b=2 t=3 d=3]",
    [4, 5, 6, 1, 2, 3, 4, 5, 6, 10, 11, 12, 7, 8, 9, 10, 11, 12],
  ],
  ["concat of one", concat("b", [x]), "[b=2 t=2 d=3]", [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]],
] as const)("%s moves cells as by hand", async (_, array, form, expected) => {
  expect(show(array)).toBe(form);
  expectClose("cells", (await evaluate({ array }, plainly)).array, expected, exact);
});

it("truth values are moved as well", async () => {
  const real = constant(bits("b n", [2, 2], [1, 0, 0, 0]));
  const turned = concat("n", [transpose(rename(transpose(real, "n b"), "b", "k"), "k n"), rename(real, "b", "k")]);
  const array = pad(slice(turned, "n", 0, 3), "k", 1, 0);
  expect([...(await evaluate({ array }, plainly)).array]).toEqual([0, 0, 0, 1, 0, 1, 0, 0, 0]);
});

describe("errors name axes and sizes", () => {
  const y = constant(floats("float32", "b t d", [2, 1, 2], [1, 2, 3, 4]));

  it.each([
    [
      "transpose",
      () => transpose(x, "b t e"),
      'transpose: expected the axes of [b=2 t=2 d=3] in another order, got "b t e"',
    ],
    ["merge", () => merge(x, "b d", "n"), 'merge: expected axes "b d" side by side, got [b=2 t=2 d=3]'],
    ["split", () => split(x, "d", "a f", [2, 2]), 'split: expected sizes of "a f" with the product 3, got [2, 2]'],
    ["split", () => split(x, "d", "a f", [2, 1.5]), 'split: expected sizes of "a f" with the product 3, got [2, 1.5]'],
    ["split", () => split(x, "d", "a f", [3]), 'split: expected sizes of "a f" with the product 3, got [3]'],
    ["rename", () => rename(x, "n", "q"), 'rename: expected axes "n" side by side, got [b=2 t=2 d=3]'],
    ["rename", () => rename(x, "t", "b"), '"b" (batch) occurs twice'],
    ["slice", () => slice(x, "d", 2, 4), 'slice along "d": expected 0 ≤ start < end ≤ 3, got 2 and 4'],
    ["concat", () => concat("t", [x, y]), 'concat along "t": [b=2 t=2 d=3] and [b=2 t=1 d=2] differ beside it'],
    ["concat", () => concat("t", []), "concat: expected at least one array, got none"],
    ["pad", () => pad(x, "n", 1, 1), 'pad: expected axes "n" side by side, got [b=2 t=2 d=3]'],
    ["pad", () => pad(x, "d", -1, 1), 'pad along "d": expected natural numbers, got -1 and 1'],
  ] as const)("of %s", (_, call, message) => {
    expect(call).toThrow(message);
  });

  it("of concat with two types", () => {
    const double: SymbolicArray<"b", FloatType> = input("double", "b", [1], "float64");
    const single: SymbolicArray<"b", FloatType> = input("single", "b", [1], "float32");
    expect(() => concat("b", [single, double])).toThrow("concat: expected arrays of one type, got float32 and float64");
  });
});

mustNotCompile(() => {
  // @ts-expect-error After a merge the axes are others.
  add(merge(x, "t d", "n"), x);
  // @ts-expect-error After a renaming as well.
  add(rename(x, "t", "q"), x);
  // @ts-expect-error After a transposition the order is another.
  add(transpose(x, "b d t"), x);
  // @ts-expect-error A split axis is two.
  add(split(x, "d", "a f", [3, 1]), x);
});

gradientsOf(shape, {
  transpose: [(float) => transpose(float("x", "b t d", [2, 3, 4]), "d b t")],
  merge: [(float) => merge(float("x", "b t d", [2, 3, 4]), "t d", "n")],
  split: [(float) => split(float("x", "b n", [2, 6]), "n", "t d", [2, 3])],
  rename: [(float) => rename(float("x", "b t d", [2, 3, 4]), "t", "q")],
  concat: [
    (float) => concat("t", [float("x", "b t", [2, 3]), float("y", "b t", [2, 1]), float("z", "b t", [2, 2])]),
    (float) => {
      const twice = float("x", "b t", [2, 3]);
      return concat("b", [twice, multiply(twice, twice)]);
    },
  ],
  slice: [
    (float) => slice(float("x", "b t d", [2, 5, 2]), "t", 1, 4),
    (float) => slice(float("x", "b t", [2, 3]), "t", 0, 3),
  ],
  pad: [
    (float) => pad(float("x", "b t d", [2, 3, 2]), "t", 2, 1),
    (float) => pad(float("x", "b t", [2, 3]), "b", 0, 1),
  ],
});
