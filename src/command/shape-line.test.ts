import { expect, test } from "vitest";
import { shapeLine, shapesAsJson } from "./shape-line.ts";

const seeing = { views: 2, observations: 3, tokens: 26 };
const blind = { views: 0, observations: 1, tokens: 10 };
const two = { shapes: [seeing, blind], padding: { one: 0.391, fit: 0.026 } };

test("a run in one shape says what shapes that fit would leave, and how to take them", () => {
  expect(shapeLine(two, "one")).toBe(
    "compute: 39.1 % of a step's products are padding; --set batch.shapes=fit leaves 2.6 %, in 2 shapes " +
      "(2 views 3 slots 26 tokens · no view 10 tokens)",
  );
});

test("a run in shapes that fit says what one shape would be", () => {
  const { padding } = two;
  expect(shapeLine({ shapes: [{ ...blind, views: 1 }], padding }, "fit")).toBe(
    "compute: 2.6 % of a step's products are padding, in 1 shape (1 view 10 tokens); in one for all rows 39.1 %",
  );
});

test("programs read the shapes and both shares", () => {
  expect(shapesAsJson(two)).toEqual(two);
});
