import { describe, expect, it } from "vitest";
import type { RolloutRow, ValidationRow } from "../dashboard/run-events.ts";
import { groupTable } from "./group-table.ts";

const losses = (loss: number | null) => ({ loss, velocity: loss, tokens: null, response: null, interval: null });

function validation(
  step: number,
  aggregate: number,
  groups: readonly (readonly [string, string, number | null])[],
): ValidationRow {
  return {
    step,
    samples: 8,
    weights: "ema",
    aggregate: losses(aggregate),
    groups: groups.map(([dataset, controlMode, loss]) => ({
      dataset,
      controlMode,
      samples: 4,
      episodes: 2,
      ...losses(loss),
    })),
  };
}

const first = validation(0, 2, [
  ["arm", "joint", 2],
  ["arm", "ee", null],
  ["unitree_g1_inspire", "joint", 4],
]);
const last = validation(9, 0.5, [
  ["arm", "joint", 1],
  ["arm", "ee", 3],
  ["unitree_g1_inspire", "joint", 0.4],
]);
const rollout = (step: number, successRate: number): RolloutRow => {
  return { step, robot: "arm", dataset: "arm", episodes: 8, successRate, interval: [0, 1], meanSteps: 7 };
};
const wide = { columns: 79, rows: 20 };

describe("the table by group", () => {
  it("has the first loss, the last and what changed, and the success of what was tried last", () => {
    const events = {
      validations: [first, validation(5, 1, []), last],
      rollouts: [rollout(5, 0.25), rollout(9, 0.625)],
    };
    expect(groupTable(events, wide)).toEqual([
      "dataset             control mode    first    last  change  success",
      "──────────────────  ────────────  ───────  ──────  ──────  ───────",
      "arm                 joint          2.0000  1.0000   −50 %   62.5 %",
      "arm                 ee            no data  3.0000           62.5 %",
      "unitree_g1_inspire  joint          4.0000  0.4000   −90 %",
      "mixture                            2.0000  0.5000   −75 %",
    ]);
  });

  it("leaves out columns where there is no room: control modes that tell nothing apart, the first loss, success", () => {
    const events = { validations: [first, last], rollouts: [rollout(9, 0.625)] };
    const titles = [65, 60, 45, 36].map((columns) => groupTable(events, { ...wide, columns })[0]);
    expect(titles).toEqual([
      "dataset               first    last  change  success",
      "dataset               first    last  change  success",
      "dataset               last  change  success",
      "dataset               last  change",
    ]);
    expect(groupTable(events, { ...wide, columns: 45 }).slice(2)).toEqual([
      "arm / joint         1.0000   −50 %   62.5 %",
      "arm / ee            3.0000           62.5 %",
      "unitree_g1_inspire  0.4000   −90 %",
      "mixture             0.5000   −75 %",
    ]);
  });

  it("leaves out ends of names where nothing else is left", () => {
    expect(groupTable({ validations: [first, last], rollouts: [] }, { ...wide, columns: 28 }).slice(2)).toEqual([
      "arm / joint   1.0000   −50 %",
      "arm / ee      3.0000",
      "unitree_g1_…  0.4000   −90 %",
      "mixture       0.5000   −75 %",
    ]);
  });

  it("says how many groups it leaves out, and has the mixture in any case", () => {
    const of = (rows: number) => groupTable({ validations: [first, last], rollouts: [] }, { columns: 79, rows });
    expect(of(5).slice(2)).toEqual([
      expect.stringMatching(/^arm .*joint/),
      "… 2 more",
      expect.stringMatching(/^mixture/),
    ]);
    expect(of(4).slice(2)).toEqual(["… 3 more", expect.stringMatching(/^mixture/)]);
    expect(of(3).slice(2)).toEqual([expect.stringMatching(/^mixture/)]);
    expect(of(2)).toEqual([]);
  });

  it("is not there before the first validation", () => {
    expect(groupTable({ validations: [], rollouts: [rollout(1, 1)] }, wide)).toEqual([]);
  });
});
