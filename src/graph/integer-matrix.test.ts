import { expect, it } from "vitest";
import { integerMatrix } from "./integer-matrix.ts";

const places = (...values: number[]) => Int32Array.from(values);

it("each column has a scale of its own: its largest cell is ±127, and the others are the nearest integers", () => {
  // [[254, 0.1], [-3, -12.7], [1, 6]]: scales 2 and 0.1.
  const { cells, scales } = integerMatrix(Float32Array.of(254, 0.1, -3, -12.7, 1, 6), {
    rows: places(0, 2, 4),
    columns: places(0, 1),
  });
  expect([...scales]).toEqual([2, Math.fround(Math.fround(12.7) / 127)]);
  // −3/2 and 1/2 lie between two integers: the upper one.
  expect([...cells]).toEqual([127, 1, -1, -127, 1, 60]);
});

it("a matrix may lie otherwise in its array, such as transposed", () => {
  const straight = { rows: places(0, 2), columns: places(0, 1) };
  const turned = { rows: places(0, 1), columns: places(0, 2) };
  const weights = Float32Array.of(127, 4, 7, 254);
  expect([...integerMatrix(weights, straight).cells]).toEqual([127, 2, 7, 127]);
  expect([...integerMatrix(weights, turned).cells]).toEqual([127, 4, 4, 127]);
});

it("a column of zeros stays one", () => {
  const { cells, scales } = integerMatrix(new Float32Array(2), { rows: places(0, 1), columns: places(0) });
  expect([[...cells], [...scales]]).toEqual([[0, 0], [0]]);
});

it.each([Number.NaN, Infinity, -Infinity])("a weight of %s is refused", (value) => {
  const matrix = { rows: places(0, 1), columns: places(0) };
  expect(() => integerMatrix(Float32Array.of(1, value), matrix)).toThrow(
    `integerMatrix: expected finite weights, got ${value}`,
  );
});
