import { expect, it } from "vitest";
import { constant } from "../graph/array.ts";
import { HostArray } from "../graph/host-array.ts";
import { evaluate, plainly } from "../graph/testing/evaluate.ts";
import { Rules } from "../validity/rules.ts";
import { SymbolicPadded, SymbolicValidity } from "../validity/symbolic.ts";
import { Validity } from "../validity/validity.ts";
import { type FlowConvention, flowPoint } from "./path.ts";

/** One row of two steps and two slots, of which the last of the second step is not real. */
const real = SymbolicValidity.fixed(Validity.of("b t d", [1, 2, 2], Uint8Array.of(1, 1, 1, 0)));
const cells = (...values: number[]) =>
  SymbolicPadded.of(constant(new HostArray("b t d", [1, 2, 2], "float32", Float32Array.from(values))), real);
const actions = cells(2, -1, 4, Number.NaN);
const noise = cells(1, 3, 0.5, 7);
const time = constant(new HostArray("b t", [1, 2], "float32", Float32Array.of(0.25, 0.5)));

const pointOf = (convention: Pick<FlowConvention, "timeDirection" | "unrealInput">) => {
  const { noisy, velocity } = flowPoint(actions, noise, time, { ...convention, rules: Rules.all });
  return evaluate({ noisy, velocity }, plainly);
};

it("where noise stands at one: x = t·z + (1 − t)·a and u = z − a, and 0 in a cell that does not exist", async () => {
  const { noisy, velocity } = await pointOf({ timeDirection: "noise-at-one", unrealInput: "zero" });
  expect([...noisy]).toEqual([0.25 * 1 + 0.75 * 2, 0.25 * 3 - 0.75, 0.5 * 0.5 + 0.5 * 4, 0]);
  expect([...velocity]).toEqual([1 - 2, 3 + 1, 0.5 - 4, 0]);
});

it("where noise stands at zero: x = t·a + (1 − t)·z and u = a − z", async () => {
  const { noisy, velocity } = await pointOf({ timeDirection: "noise-at-zero", unrealInput: "zero" });
  expect([...noisy]).toEqual([0.25 * 2 + 0.75 * 1, -0.25 + 0.75 * 3, 0.5 * 4 + 0.5 * 0.5, 0]);
  expect([...velocity]).toEqual([2 - 1, -1 - 3, 4 - 0.5, 0]);
});

it("noise stays in a cell that does not exist where the convention leaves it there, the action does not", async () => {
  const { noisy, velocity } = await pointOf({ timeDirection: "noise-at-one", unrealInput: "noise" });
  expect([noisy[3], velocity[3]]).toEqual([0.5 * 7, 7]);
});
