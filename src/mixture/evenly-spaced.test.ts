import { expect, it } from "vitest";
import { evenlySpaced } from "./evenly-spaced.ts";

it("takes the middles of equal parts, and all of them where they are few", () => {
  // Thirds of nine have 1, 4 and 7 in their middles; halves of five begin at 0 and 2.5.
  expect(evenlySpaced(9, 3)).toEqual([1, 4, 7]);
  expect(evenlySpaced(5, 2)).toEqual([1, 3]);
  expect(evenlySpaced(4, 16)).toEqual([0, 1, 2, 3]);
  expect(evenlySpaced(0, 3)).toEqual([]);
});
