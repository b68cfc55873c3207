import { describe, expect, it } from "vitest";
import { HostArray } from "../graph/host-array.ts";
import { ActionComparison } from "./action-change.ts";

const actions = (dofs: number, ...cells: number[]) =>
  new HostArray("t d", [cells.length / dofs, dofs], "float32", Float32Array.from(cells));
const always = () => true;

describe("what two policies do of the same samples", () => {
  it("is compared in standard deviations of what was recorded, dof by dof", () => {
    const comparison = new ActionComparison();
    // Recorded: dof 0 is −1 and 1, of variance 1; dof 1 is 0, 4, of variance 4.
    comparison.add({
      recorded: actions(2, -1, 0, 1, 4),
      isRecorded: always,
      own: actions(2, -1, 0, 1, 4),
      other: actions(2, 0, 2, 1, 4),
    });
    // Mean squares 1/2 and 4/2: as shares of the variances 1/2 and 1/2.
    expect(comparison.result).toEqual({ change: Math.sqrt(0.5), ownError: 0, otherError: Math.sqrt(0.5) });
    expect(comparison.samples).toBe(1);
  });

  it("counts every step for the change, and those alone that were recorded for errors", () => {
    const comparison = new ActionComparison();
    const first = { recorded: actions(1, -1, 1), own: actions(1, -1, 1), other: actions(1, -1, 1) };
    comparison.add({ ...first, isRecorded: always });
    const second = { recorded: actions(1, 77, 77), own: actions(1, 5, 5), other: actions(1, 8, 5) };
    comparison.add({ ...second, isRecorded: () => false });
    // One of four steps differs, by 3: 9/4 of a variance of 1.
    expect(comparison.result).toEqual({ change: 1.5, ownError: 0, otherError: 0 });
    expect(comparison.samples).toBe(2);
  });

  it("leaves aside steps of which a policy says nothing, and dofs that never move", () => {
    const comparison = new ActionComparison();
    comparison.add({
      recorded: actions(2, -1, 3, 1, 3, 0, 3),
      isRecorded: always,
      own: actions(2, -1, 9, 1, 9, Number.NaN, 9),
      other: actions(2, 1, 0, 1, 0, 0, 0),
    });
    // Two steps are left of dof 0, of variance 1; the first of them differs by 2.
    expect(comparison.result).toEqual({ change: Math.SQRT2, ownError: 0, otherError: Math.SQRT2 });
  });

  it("is nothing of no samples", () => {
    expect(new ActionComparison().result).toEqual({ change: null, ownError: null, otherError: null });
  });
});
