import { expect, it } from "vitest";
import { constant, input } from "./array.ts";
import { productOperations } from "./cost.ts";
import { gradient } from "./gradient.ts";
import { zeros } from "./host-array.ts";
import { sum } from "./op/align.ts";
import { einsum } from "./op/einsum.ts";
import { add } from "./op/elementwise.ts";
import { loop } from "./op/loop.ts";
import { rename } from "./op/shape.ts";

const x = input("x", "b e", [5, 7], "float32");
const weight = input("weight", "e j", [7, 3], "float32");
const square = input("square", "e i", [7, 7], "float32");

it("counts two operations for each pair of cells, and none for sums", () => {
  const product = einsum("b e, e j -> b j", x, weight);
  expect(productOperations([add(product, product)])).toBe(2 * 5 * 7 * 3);
});

it("counts each of the two products of a gradient", () => {
  const loss = sum(einsum("b e, e j -> b j", x, weight), "");
  expect(productOperations([loss, ...gradient(loss, [x, weight])])).toBe(3 * 2 * 5 * 7 * 3);
});

it("counts what a loop does as often as it does it, and what it reads once", () => {
  const before = einsum("b e, e i -> b i", x, square);
  const start = constant(zeros("b i", [5, 7], "float32"));
  const table = zeros("i b", [4, 5], "float32");
  const result = loop(start, table, (carried) =>
    rename(einsum("b i, e i -> b e", add(carried, before), square), "e", "i"),
  );
  expect(productOperations([result])).toBe((1 + 4) * 2 * 5 * 7 * 7);
});
