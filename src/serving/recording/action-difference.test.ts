import { expect, it } from "vitest";
import type { Entry } from "../../embodiment/embodiment.ts";
import { ActionDifferences } from "./action-difference.ts";

const dof = (name: string): Entry => ({ name, part: "arm", kind: "continuous", slot: 0, unit: "radian" });

it("differences are told by dof, in its unit and in standard deviations of what was recorded, and equal bits alone are equal", () => {
  const differences = new ActionDifferences([dof("one"), dof("still")]);
  const recorded = [
    [1001, 5],
    [1003, 5],
  ];
  differences.add(recorded, recorded);
  differences.add(recorded, [
    [1001, 5],
    [1002, 5.5],
  ]);
  const { equal, dofs } = differences.result();
  expect(equal).toBe(1);
  // Of 1001, 1003, 1001, 1003 the deviation is 1; one of four steps is 1 apart.
  expect(dofs[0]).toEqual({
    name: "one",
    unit: "radian",
    differing: 1,
    mean: 0.25,
    greatest: 1,
    meanDeviations: 0.25,
    greatestDeviations: 1,
  });
  expect(dofs[1]).toMatchObject({ differing: 1, mean: 0.125, greatest: 0.5, meanDeviations: null });
});

it("zeros of other signs, and answers that are shorter, are not equal", () => {
  const differences = new ActionDifferences([dof("one")]);
  differences.add([[0]], [[-0]]);
  differences.add([[0], [1]], [[0]]);
  const { equal, dofs } = differences.result();
  expect([equal, dofs[0]?.differing]).toEqual([0, 2]);
});
