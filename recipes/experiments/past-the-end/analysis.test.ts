import { expect, it } from "vitest";
import { encodeBits } from "../bits.ts";
import { compareSuccess, missing, ranked, secondary, verdict } from "./analysis.ts";
import { type Cell, cellsOf, executionHorizons, horizon, jobs, robotNames } from "./design.ts";
import { reportOf } from "./report.ts";
import type { Line } from "./table.ts";

/** A run that succeeds at such a share of all starts, the first of them, on every robot and with every execution horizon alike. */
function line(cell: Cell, seed: number, share: number): Line {
  const play = (starts: number) => ({
    successes: encodeBits(Array.from({ length: starts }, (_, start) => start < share * starts)),
    stepsToSuccess: 10 + seed,
    lastSecondSpeed: share === 0 ? null : 1,
  });
  const plays = Object.fromEntries(executionHorizons.map(({ execute, starts }) => [execute, play(starts)]));
  return {
    study: "ends-at-success",
    cell,
    seed,
    steps: 1500,
    trainingLoss: 0.1,
    trainingSeconds: 1,
    measuringSeconds: 1,
    rollouts: Object.fromEntries(robotNames.map((robot) => [robot, plays])),
    velocityLoss: { reacher: 1 - share, pusher: null },
    actionError: { reacher: Array.from({ length: horizon }, (_, step) => (step === 15 ? null : share)) },
  };
}

const cells = cellsOf("ends-at-success");
const all = (shares: Readonly<Partial<Record<Cell, number>>>, seeds = [1, 2, 3, 4]) =>
  seeds.flatMap((seed) => cells.map((cell) => line(cell, seed, shares[cell] ?? 0.5)));

it("pairs by seed: what only one of two cells has does not count", () => {
  const lines = [line("causal", 1, 0.9), line("taught", 1, 0.8), line("causal", 2, 1)];
  const found = compareSuccess(lines, "ends-at-success", ["causal", "taught"], 8)!;
  expect(found.seeds).toEqual([1]);
  expect(found.estimate.mean).toBeCloseTo(0.1, 12);
  expect(secondary(lines, "ends-at-success").map(({ name, mean }) => [name, Math.round(1e6 * mean) / 1e6])).toEqual([
    ["steps to success", 0],
    ["speed in the last second, σ/s", 0],
    ["held-out velocity loss", -0.1],
    ["error of sampled actions, σ", 0.1],
  ]);
});

it("ranks the cells that read both ways over the seeds that all have", () => {
  const lines = [...all({ seen: 0.7, taught: 0.9 }), line("inside", 5, 1)];
  expect(ranked(lines).map(({ cell, success, seeds }) => [cell, Math.round(1000 * success) / 1000, seeds])).toEqual([
    ["taught", 0.9, 4],
    ["seen", 0.7, 4],
    ["hidden", 0.5, 4],
    ["untaught", 0.5, 4],
    ["inside", 0.5, 4],
  ]);
});

it("decides by the rule", () => {
  expect(verdict([]).text).toMatch(/^no data/);
  expect(verdict(all({ causal: 0.9, taught: 0.9 }))).toMatchObject({ text: "causal is the default", best: "taught" });
  expect(verdict(all({ causal: 0.8, seen: 0.9 }))).toMatchObject({
    text: "causal loses to seen: the default has to change",
    best: "seen",
  });
});

it("names every run that the table lacks", () => {
  const lines = all({}, [1]);
  expect(missing(lines)).toHaveLength(jobs().length - cells.length);
  expect(reportOf(lines)).toContain("`ends-at-success`: 36 of 42 runs: causal 2, taught 2, hidden 2, untaught 2");
});
