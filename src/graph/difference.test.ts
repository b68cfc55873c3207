import { expect, test } from "vitest";
import { differenceIn, distanceIn, lengthOf } from "./difference.ts";
import { HostArray } from "./host-array.ts";

const floats = (...values: number[]) => new HostArray("i", [values.length], "float32", Float32Array.from(values));

test("a difference is a share of the largest cell of the first array, or of a floor that is larger", () => {
  // 0.5 of 4; 0.5 of 8.
  expect(differenceIn(floats(1, -4), floats(1.5, -4), 0)).toBe(0.125);
  expect(differenceIn(floats(1, -4), floats(1.5, -4), 8)).toBe(0.0625);
  expect(differenceIn(floats(0, 0), floats(0, -0), 0)).toBe(0);
});

test("a cell that is a number in one array alone is as far as can be; one that is none in both is no difference", () => {
  expect(differenceIn(floats(1, Number.NaN), floats(1, 2), 0)).toBe(Number.POSITIVE_INFINITY);
  expect(differenceIn(floats(1, 2), floats(1, Number.POSITIVE_INFINITY), 0)).toBe(Number.POSITIVE_INFINITY);
  expect(differenceIn(floats(2, Number.NaN), floats(1, Number.NaN), 0)).toBe(0.5);
});

test("a distance is the length of the difference by that of the first, or by the floor where that is longer", () => {
  const [one, other] = [floats(3, 4), floats(3, 1)];
  expect(distanceIn(one, other, 0)).toBe(3 / 5);
  expect(distanceIn(one, other, 6)).toBe(3 / 6);
  expect(distanceIn(one, one, 0)).toBe(0);
  expect(distanceIn(floats(Number.NaN, 4), floats(Number.NaN, 4), 0)).toBe(0);
  expect(distanceIn(floats(Number.NaN, 4), floats(1, 4), 0)).toBe(Number.POSITIVE_INFINITY);
  expect(lengthOf(floats(Number.NaN, 3, 4))).toBe(5);
});
