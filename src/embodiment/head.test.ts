import { describe, expect, it } from "vitest";
import type { Statistics } from "../dataset/statistics.ts";
import type { Embodiment } from "./embodiment.ts";
import { headName, heads, pool } from "./head.ts";

const embodiment = (robotType: string, controlMode: string, dofs = 1): Embodiment => ({
  robotType,
  controlMode,
  dofs: Array.from({ length: dofs }, (_, slot) => ({
    name: `${slot}`,
    unit: "rad",
    part: "arm",
    kind: "continuous",
    slot,
    state: null,
  })),
  states: [],
  cameras: [],
  columns: { action: [{ key: "action", entries: [...Array(dofs).keys()] }], state: [], prompt: { kind: "task" } },
  target: "actions",
});

const measured = (values: readonly number[]): Statistics => {
  const sorted = values.toSorted((a, b) => a - b);
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
  return {
    count: values.length,
    mean: Float64Array.of(mean),
    std: Float64Array.of(Math.sqrt(variance)),
    min: Float64Array.of(sorted[0]!),
    max: Float64Array.of(sorted.at(-1)!),
    q01: Float64Array.of(sorted[0]!),
    q99: Float64Array.of(sorted.at(-1)!),
  };
};

describe("normalisation heads", () => {
  it("are shared by robot type and control mode, in order of first appearance", () => {
    const members = [
      { dataset: "a", embodiment: embodiment("so101", "joint") },
      { dataset: "b", embodiment: embodiment("so101", "ee") },
      { dataset: "c", embodiment: embodiment(" so101 ", "joint") },
    ];
    expect(heads(members)).toEqual([
      { name: "so101 / joint", members: [0, 2] },
      { name: "so101 / ee", members: [1] },
    ]);
  });

  it("are a dataset's own where the robot is unknown, also beside a robot of the dataset's name", () => {
    const names = ["", "unknown", "Unknown ", "pusht"].map((robot) =>
      headName({ dataset: "pusht", embodiment: embodiment(robot, "ee") }),
    );
    expect(names).toEqual([...Array(3).fill("dataset pusht / ee"), "pusht / ee"]);
  });

  it("refuse members of differing width, naming each", () => {
    const members = [
      { dataset: "a", embodiment: embodiment("so101", "joint", 6) },
      { dataset: "b", embodiment: embodiment("so101", "joint", 7) },
    ];
    expect(() => heads(members)).toThrow(
      'head "so101 / joint": expected one action width, got "a" has 6, "b" has 7; give them different robot types or control modes',
    );
  });
});

describe("pool", () => {
  it("gives the statistics of all values together", () => {
    const [left, right] = [
      [1, 2, 3, 10],
      [-5, 0.5],
    ] as const;
    const together = measured([...left, ...right]);
    const pooled = pool([measured(left), measured(right)]);
    expect([pooled.count, pooled.min[0], pooled.max[0]]).toEqual([6, -5, 10]);
    expect(pooled.mean[0]).toBeCloseTo(together.mean[0]!, 14);
    expect(pooled.std[0]).toBeCloseTo(together.std[0]!, 14);
  });

  it("does not care for order or grouping", () => {
    const [a, b, c] = [measured([1, 2]), measured([7, 9, 30]), measured([4])] as const;
    const [once, nested] = [pool([a, b, c]), pool([c, pool([b, a])])];
    for (const key of ["mean", "std", "q01", "q99"] as const) expect(nested[key][0]).toBeCloseTo(once[key][0]!, 12);
  });

  it("weighs by frames and lets a dataset without real cells count nothing", () => {
    const empty = { ...measured([Number.NaN]), count: 0 };
    expect(pool([measured([0, 0, 0]), measured([4]), empty]).mean[0]).toBe(1);
    expect(() => pool([empty])).toThrow(/at least one real cell/);
  });
});
