import { expect, test } from "vitest";
import { input } from "../graph/array.ts";
import { add, multiply, sqrt } from "../graph/op/elementwise.ts";
import { mostAlive, mostGradients } from "./memory-plan.ts";

test("gradients in memory are the subtrees that wait and the one under way, at the rank that has most", () => {
  // Of eight: 0+1 and 2+3 and 4+5 wait as (0..3), (4..5), 6 while 7 is computed.
  expect([1, 2, 3, 4, 8].map((count) => mostGradients(count, 1))).toEqual([1, 2, 2, 3, 4]);
  expect([1, 2, 4, 8].map((count) => mostGradients(count, 2))).toEqual([1, 1, 2, 3]);
});

test("an array lives from the operator that makes it to the last that reads it, inputs and results elsewhere", () => {
  const x = input("x", "i", [10], "float32");
  const root = sqrt(x);
  const square = multiply(root, root);
  // The root, the square and the sum's own cells would be 30; the sum is a result.
  expect(mostAlive([add(root, square)])).toBe(20);
  expect(mostAlive([square])).toBe(10);
});
