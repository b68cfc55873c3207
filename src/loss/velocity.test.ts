import { expect, test } from "vitest";
import { constant } from "../graph/array.ts";
import { HostArray } from "../graph/host-array.ts";
import { evaluate, named, plainly } from "../graph/testing/evaluate.ts";
import { SymbolicSupervised } from "../validity/supervised.ts";
import { velocityErrors } from "./velocity.ts";
import { weightedSum } from "./weighted.ts";

const floats = <A extends string>(axes: A, shape: readonly number[], ...values: number[]) =>
  constant(new HostArray(axes, shape, "float32", Float32Array.from(values)));

test("errors of the velocity are squared differences, and exactly 0 where nothing teaches, whatever stands there", async () => {
  const predicted = floats("b t d", [1, 2, 2], 1, Number.NaN, -2, 4);
  const target = floats("b t d", [1, 2, 2], 3, 1, 0.5, Number.POSITIVE_INFINITY);
  const teaching = SymbolicSupervised.input("teaches", "b t d", [1, 2, 2]);
  const feeds = named({ teaches: new HostArray("b t d", [1, 2, 2], "bool", Uint8Array.of(1, 0, 1, 0)) });
  const { errors } = await evaluate({ errors: velocityErrors(predicted, target, teaching) }, { ...plainly, feeds });
  expect([...errors]).toEqual([4, 0, 6.25, 0]);
});

test("the share of some rows in the loss is the sum of errors by their weights", async () => {
  const errors = floats("b d", [2, 2], 1, 2, 3, 4);
  const weights = floats("b d", [2, 2], 0.5, 0, 0.25, 2);
  expect((await evaluate({ share: weightedSum(errors, weights) }, plainly)).share).toEqual(Float64Array.of(9.25));
});
