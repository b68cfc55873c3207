import { expect, it } from "vitest";
import { rearrange } from "./rearrange.ts";

it("exchanges the last axes of each set of weights", () => {
  // Two sets of [2, 3]: rows 1 2 3 and 4 5 6, then 10 times that.
  const values = Float32Array.of(1, 2, 3, 4, 5, 6, 10, 20, 30, 40, 50, 60);
  expect([...rearrange(values, [2, 2, 3], "u j e", "u e j")]).toEqual([1, 4, 2, 5, 3, 6, 10, 40, 20, 50, 30, 60]);
});

it("takes the first axis to the end, and everything back again", () => {
  const values = Float32Array.from({ length: 24 }, (_, at) => at);
  const moved = rearrange(values, [2, 3, 4], "a b c", "b c a");
  expect([...moved.slice(0, 4)]).toEqual([0, 12, 1, 13]);
  expect([...rearrange(moved, [3, 4, 2], "b c a", "a b c")]).toEqual([...values]);
});

it("refuses other axes", () => {
  expect(() => rearrange(Float32Array.of(1), [1], "u", "u e")).toThrow(
    'rearrange: expected the axes "u" in another order, got "u e"',
  );
});
