import { expect, it } from "vitest";
import { constant } from "../array.ts";
import { evaluate, floats, plainly } from "../testing/evaluate.ts";
import { gradientsOf } from "../testing/gradients-of.ts";
import * as ops from "./cumulative.ts";

const { cumulative } = ops;

it("adds each row up to each of its cells, by hand", async () => {
  const x = constant(floats("float32", "b y", [2, 4], [1, 5, -2, 3, -4, 0, 1, 8]));
  const { sums } = await evaluate({ sums: cumulative(x) }, plainly);
  expect([...sums]).toEqual([1, 6, 4, 7, -4, -4, -3, 5]);
});

gradientsOf(ops, {
  cumulative: { without: "what is drawn by chance is a whole number" },
});
