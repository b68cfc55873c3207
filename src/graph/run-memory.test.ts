import { expect, test } from "vitest";
import { Arena } from "./arena.ts";
import { input } from "./array.ts";
import { GraphLowering } from "./lowering.ts";
import { sum } from "./op/align.ts";
import { add, multiply, sqrt } from "./op/elementwise.ts";
import type { AnyArray } from "./operation.ts";
import { mostAtATime, runBuffersOf } from "./run-memory.ts";

const graphOf = (outputs: Readonly<Record<string, AnyArray>>) =>
  new GraphLowering(new Map()).graph(new Map(Object.entries(outputs)));

test("an array lives from the operator that makes it to the last that reads it, inputs and results elsewhere", () => {
  const x = input("x", "i", [10], "float32");
  const root = sqrt(x);
  const square = multiply(root, root);
  // The root and the square, 40 bytes each; the sum is a result.
  const buffers = runBuffersOf(graphOf({ y: add(root, square) }));
  expect(buffers).toEqual([
    { bytes: 40, from: 0, until: 2 },
    { bytes: 40, from: 1, until: 2 },
  ]);
  expect(mostAtATime(buffers)).toBe(80);
  expect(mostAtATime(runBuffersOf(graphOf({ y: square })))).toBe(40);
});

test("an array takes over what an array of its form no longer needs, and holds it from there on", () => {
  const x = input("x", "i", [10], "float32");
  // x^(1/2), ^(1/4), ^(1/8), ^(1/16): the third has the memory of the first, the fourth is a result.
  const buffers = runBuffersOf(graphOf({ y: sqrt(sqrt(sqrt(sqrt(x)))) }));
  expect(buffers).toEqual([
    { bytes: 40, from: 0, until: 3 },
    { bytes: 40, from: 1, until: 2 },
  ]);
});

test("arrays of other forms share no memory", () => {
  const x = input("x", "i j", [4, 5], "float32");
  const total = sum(sqrt(x), "i");
  expect(runBuffersOf(graphOf({ y: sqrt(total) }))).toEqual([
    { bytes: 80, from: 0, until: 1 },
    { bytes: 16, from: 1, until: 2 },
  ]);
});

test("an arena grows by what no free piece holds, splits pieces of twice the size, and joins neighbours again", () => {
  const kib = 1024;
  const arena = new Arena();
  arena.run([{ bytes: 8 * kib, from: 0, until: 0 }]);
  expect(arena.bytes).toBe(8 * kib);
  // Two pieces of the one that is there.
  arena.run([
    { bytes: 3 * kib, from: 0, until: 1 },
    { bytes: 4 * kib, from: 1, until: 1 },
  ]);
  expect(arena.bytes).toBe(8 * kib);
  // 5 of 8 KiB are more than half: the piece is taken whole, and 2 more have to come.
  arena.run([
    { bytes: 5 * kib, from: 0, until: 1 },
    { bytes: 2 * kib, from: 1, until: 1 },
  ]);
  expect(arena.bytes).toBe(10 * kib);
  // Counted in units of 256 bytes.
  arena.run([{ bytes: 10 * kib + 1, from: 0, until: 0 }]);
  expect(arena.bytes).toBe(20 * kib + 256);
});
