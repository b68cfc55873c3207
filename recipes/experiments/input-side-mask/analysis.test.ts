import { expect, it } from "vitest";
import { encodeBits } from "../bits.ts";
import { compareSuccess, missing, secondary, successRates, verdict } from "./analysis.ts";
import { type Cell, cellsOf, closedLoop, jobs, robotNames, type StudyName, type Training } from "./design.ts";
import { reportOf } from "./report.ts";
import type { Line } from "./table.ts";

/** A run whose first so many starts succeeded, on every robot alike, by cell. */
function line(
  training: Training,
  seed: number,
  successes: Partial<Record<Cell, number>>,
  study: StudyName = "core",
): Line {
  const bits = (count: number) => encodeBits(Array.from({ length: closedLoop.starts }, (_, start) => start < count));
  const same = (value: number) => Object.fromEntries(robotNames.map((robot) => [robot, value]));
  const measures = (count: number) => ({
    successes: Object.fromEntries(robotNames.map((robot) => [robot, bits(count)])),
    velocityLoss: same(1 - count / closedLoop.starts),
    actionError: same(count),
    redrawn: { others: same(0), none: same(0) },
  });
  const cells = cellsOf(training).flatMap((cell) =>
    successes[cell] === undefined ? [] : [[cell, measures(successes[cell])] as const],
  );
  const run = { steps: 4000, trainingLoss: 0.1, trainingSeconds: 1, measuringSeconds: 1 };
  return { study, training, seed, robot: null, ...run, cells: Object.fromEntries(cells) };
}

const untrained = line("D", 1, { D: 0 }, "untrained");

it("pairs by seed: what only one of two cells has does not count", () => {
  const lines = [line("D", 1, { D: 180, C: 20 }), line("B", 1, { B: 170 }), line("D", 2, { D: 190 })];
  const found = compareSuccess(lines, ["core", "D"], ["core", "B"])!;
  expect(found.seeds).toEqual([1]);
  expect(found.estimate.mean).toBeCloseTo(10 / 200, 12);
  expect(compareSuccess(lines, ["core", "B0"], ["core", "B"])).toBe(null);
  expect(successRates(lines, "core", "D").get("arm")).toEqual([0.9, 0.95]);
  expect(secondary(lines).map(({ name, mean }) => [name, Math.round(1e6 * mean) / 1e6])).toEqual([
    ["held-out velocity loss, D − B", -0.05],
    ["error of sampled actions in standard deviations, D − B", 10],
    ["success, C − D", -0.8],
  ]);
});

it("decides by the rule", () => {
  const seeds = [1, 2, 3, 4];
  const runs = (d: number, b: number) =>
    seeds.flatMap((seed) => [line("D", seed, { D: d }), line("B", seed, { B: b })]);
  expect(verdict([])).toBe("no data: the rule needs D, B and untrained weights");
  expect(verdict(runs(180, 180))).toBe("no data: the rule needs D, B and untrained weights");
  expect(verdict([...runs(180, 180), untrained])).toBe("option 1");
  expect(verdict([...runs(160, 180), untrained])).toBe("option 2");
  const mixed = seeds.flatMap((seed) => [
    line("D", seed, { D: seed % 2 === 0 ? 140 : 180 }),
    line("B", seed, { B: 160 }),
  ]);
  expect(verdict([...mixed, untrained])).toBe("undecided: double the seeds");
});

it("says nothing below the floor, or where untrained weights succeed", () => {
  const low = [line("D", 1, { D: 100 }), line("B", 1, { B: 90 })];
  const high = [line("D", 1, { D: 180 }), line("B", 1, { B: 180 })];
  expect(verdict([...low, untrained])).toBe("inconclusive: the floor is not reached");
  expect(verdict([...high, line("D", 1, { D: 30 }, "untrained")])).toBe("inconclusive: the floor is not reached");
});

it("names every run that the table lacks", () => {
  const lines = [line("D", 1, { D: 1 }), untrained];
  expect(missing(lines)).toHaveLength(jobs().length - 2);
  expect(reportOf(lines)).toContain("`core`: 29 of 30 runs: B 1, A 1, D 2, B 2");
  expect(reportOf(lines)).toContain("`untrained`: nothing, all 1 runs are there");
});
