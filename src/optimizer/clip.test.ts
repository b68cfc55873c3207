import { expect, test } from "vitest";
import { constant } from "../graph/array.ts";
import { HostArray } from "../graph/host-array.ts";
import { evaluate, plainly } from "../graph/testing/evaluate.ts";
import { clipByGlobalNorm } from "./clip.ts";

const gradient = (...values: number[]) =>
  constant(new HostArray("i", [values.length], "float32", Float32Array.from(values)));

test("the norm is over all gradients together: 2, 3 and 6 have 7, which is brought down to what is allowed", async () => {
  const parts = [gradient(2, -3), gradient(6)];
  expect(await evaluate({ ...clipByGlobalNorm(parts, 3.5) }, plainly)).toEqual({
    norm: Float64Array.of(7),
    factor: Float64Array.of(0.5),
  });
  expect((await evaluate({ ...clipByGlobalNorm(parts, 7) }, plainly)).factor).toEqual(Float64Array.of(1));
});

test("no gradient has no norm", () => {
  expect(() => clipByGlobalNorm([], 1)).toThrow("clipByGlobalNorm: expected at least one gradient, got none");
});
