import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { HostArray } from "../graph/host-array.ts";
import { toAbsolute, toDelta } from "./delta.ts";
import type { Dof } from "./embodiment.ts";

const dof = (name: string, state: number | null): Dof => ({
  name,
  unit: "rad",
  part: "arm",
  kind: state === null ? "gripper" : "continuous",
  slot: 0,
  state,
});
const dofs = [dof("elbow", 2), dof("gripper", null), dof("wrist", 0)];
const actions = (cells: readonly number[]) =>
  new HostArray("t d", [cells.length / 3, 3], "float64", Float64Array.from(cells));

describe("delta actions", () => {
  it("subtract the dof's own state from every step and leave the gripper", () => {
    const state = Float64Array.of(10, 20, 30);
    expect([...toDelta(actions([31, 1, 12, 33, 0, 9]), state, dofs).cells]).toEqual([1, 1, 2, 3, 0, -1]);
  });

  it("are undone by toAbsolute", () => {
    const number = fc.integer({ min: -1000, max: 1000 });
    fc.assert(
      fc.property(
        fc.array(number, { minLength: 3, maxLength: 3 }),
        fc.array(number, { minLength: 6, maxLength: 6 }),
        (s, a) => {
          const state = Float64Array.from(s);
          expect([...toAbsolute(toDelta(actions(a), state, dofs), state, dofs).cells]).toEqual(
            a.map((value) => value + 0),
          );
        },
      ),
    );
  });

  it("refuse a state or actions of another width", () => {
    expect(() => toDelta(actions([1, 2, 3]), Float64Array.of(1), dofs)).toThrow(
      /"elbow" needs state entry 2, the state has 1/,
    );
    expect(() => toAbsolute(actions([1, 2, 3]), Float64Array.of(1, 2, 3), dofs.slice(1))).toThrow(/2 dofs, got 3/);
  });
});
