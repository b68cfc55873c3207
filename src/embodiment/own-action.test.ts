import { expect, it } from "vitest";
import { HostArray } from "../graph/host-array.ts";
import { Padded } from "../validity/padded.ts";
import { Validity } from "../validity/validity.ts";
import type { ActionFrame } from "./delta.ts";
import { toDelta } from "./delta.ts";
import type { Dof } from "./embodiment.ts";
import { type Normalization, normalize } from "./normalize.ts";
import { ownActions, unitActions } from "./own-action.ts";

const dof = (name: string, slot: number, state: number | null): Dof => ({
  name,
  unit: "rad",
  part: "arm",
  kind: "continuous",
  slot,
  state,
});
const dofs = [dof("elbow", 0, 1), dof("wrist", 1, null)];
const unit: Normalization = { mode: "mean-std", center: Float64Array.of(0.5, -2), scale: Float64Array.of(2, 4) };
const state = Float64Array.of(100, 10);

it("a policy's actions become the robot's by hand", () => {
  const actions = new HostArray("t d", [2, 2], "float32", Float32Array.of(1, 1, 0.5, -1));
  expect([...ownActions(actions, state, { dofs, unit, frame: "absolute" }).cells]).toEqual([2.5, 2, 1.5, -6]);
  expect([...ownActions(actions, state, { dofs, unit, frame: "delta" }).cells]).toEqual([12.5, 2, 11.5, -6]);
});

it.each<ActionFrame>(["absolute", "delta"])("%s actions come back from what training makes of them", (frame) => {
  const recorded = new HostArray("t d", [2, 2], "float64", Float64Array.of(10.25, 3, 9, -7.5));
  const learned = frame === "delta" ? toDelta(recorded, state, dofs) : recorded;
  const normalised = normalize(Padded.of(learned, Validity.complete("t", [2])), unit);
  const back = normalised.read((values) => ownActions(values, state, { dofs, unit, frame }));
  // 1e-6: one rounding to float32 of values near 10.
  for (const [at, value] of back.cells.entries()) expect(Math.abs(value - recorded.cells[at]!)).toBeLessThan(1e-6);
});

it("a robot's actions become the policy's by hand", () => {
  const own = (...values: number[]) => new HostArray("t d", [2, 2], "float64", Float64Array.from(values));
  const absolute = unitActions(own(2.5, 2, 1.5, -6), state, { dofs, unit, frame: "absolute" });
  expect([...absolute.cells]).toEqual([1, 1, 0.5, -1]);
  const delta = unitActions(own(12.5, 2, 11.5, -6), state, { dofs, unit, frame: "delta" });
  expect([...delta.cells]).toEqual([1, 1, 0.5, -1]);
});
