import { expect, it } from "vitest";
import type { Group, WeightsValidation } from "../metric/group.ts";
import { improvementTable, validationTable } from "./validation-table.ts";

const group = (dataset: string, episodes: number, loss: number | null, interval: Group["interval"]): Group => ({
  dataset,
  controlMode: "joint-velocity",
  samples: 64,
  episodes,
  interval,
  byErrors: new Map([["velocity", loss]]),
  loss,
});

const validation = (...losses: readonly [number, number | null, number]): WeightsValidation => ({
  weights: "ema",
  samples: 128,
  groups: [group("unitree_g1_inspire", 40, losses[0], [0.4437, 0.6978]), group("dobot_cr5", 1, losses[1], null)],
  aggregate: { byErrors: new Map([["velocity", losses[2]]]), loss: losses[2], interval: null },
});

it("a validation says how sure each loss is, and where one episode says nothing about that", () => {
  expect(validationTable(validation(0.5707, 1.0668, 0.81875))).toBe(
    [
      "velocity loss of EMA weights on held-out episodes",
      "dataset             control mode    episodes  samples    loss  95 % by episodes",
      "──────────────────  ──────────────  ────────  ───────  ──────  ────────────────",
      "unitree_g1_inspire  joint-velocity        40       64  0.5707     0.4437–0.6978",
      "dobot_cr5           joint-velocity         1       64  1.0668       one episode",
      "mixture                                   41      128  0.8187",
    ].join("\n"),
  );
});

it("what training gained stands beside where it began; what has no data has no change", () => {
  expect(improvementTable(validation(2, 1, 1.5), validation(1, null, 1.53))).toBe(
    [
      "velocity loss of EMA weights on held-out episodes",
      "dataset             control mode    samples  before    after  change",
      "──────────────────  ──────────────  ───────  ──────  ───────  ──────",
      "unitree_g1_inspire  joint-velocity       64  2.0000   1.0000   −50 %",
      "dobot_cr5           joint-velocity       64  1.0000  no data",
      "mixture                                 128  1.5000   1.5300    +2 %",
    ].join("\n"),
  );
});

it("both fit a screen of 80 columns with names as long as those of real datasets", () => {
  const one = validation(0.5, 0.5, 0.5);
  for (const line of `${validationTable(one)}\n${improvementTable(one, one)}`.split("\n"))
    expect(line.length).toBeLessThanOrEqual(80);
});
