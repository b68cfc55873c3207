import { expect, it } from "vitest";
import { constant } from "../array.ts";
import { evaluate, floats, plainly } from "../testing/evaluate.ts";
import { gradientsOf } from "../testing/gradients-of.ts";
import * as ops from "./largest.ts";

const { largest } = ops;
const x = constant(floats("float32", "b y", [3, 4], [1, 5, 2, 3, -4, -3, -2, -1, 7, 0, 7, 7]));

it("finds the largest cell of each row, the first of equal ones, by hand", async () => {
  expect([...(await evaluate({ place: largest(x, "b") }, plainly)).place]).toEqual([1, 3, 0]);
});

it("is refused where other axes are asked for", () => {
  expect(() => largest(x, "y")).toThrow('largest: expected the axes of [b=3 y=4] without the last, got "y"');
});

gradientsOf(ops, {
  largest: { without: "a place is a whole number" },
});
