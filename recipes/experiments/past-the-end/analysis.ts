import { decodeBits } from "../bits.ts";
import { average, bootstrap, type Differences, type Estimate, holm, signFlip } from "../statistics.ts";
import {
  type Cell,
  cellsOf,
  closedLoop,
  executionHorizons,
  type Job,
  jobName,
  jobs,
  primaryHorizon,
  robotNames,
  type StudyName,
  studies,
} from "./design.ts";
import type { Line, Play } from "./table.ts";

/** How often the bootstrap draws. */
const rounds = 10_000;

/** What `causal` may lose against the best other cell, as a share. */
export const margin = -0.02;

/** Two cells compared over the seeds that have both. */
export interface Comparison {
  readonly seeds: readonly number[];
  readonly estimate: Estimate;
  /** Of the exact sign-flip test over seeds. */
  readonly p: number;
}

/** The runs of a cell, by seed. */
export function runsOf(lines: readonly Line[], study: StudyName, cell: Cell): Map<number, Line> {
  const own = lines.filter((line) => line.study === study && line.cell === cell);
  return new Map(own.map((line) => [line.seed, line] as const).sort(([one], [other]) => one - other));
}

/** The robots that a study lets act. */
export function playedRobots(study: StudyName): readonly string[] {
  switch (studies[study].data) {
    case "states":
      return robotNames;
    case "pictures":
      return ["reacher"];
    case "real":
      return [];
  }
}

/** Of the starts of one robot: 1 where the policy succeeded. */
export function outcomes({ rollouts, study }: Line, robot: string, execute: number): number[] {
  const play = rollouts?.[robot]?.[execute];
  const starts = executionHorizons.find((horizon) => horizon.execute === execute)?.starts ?? 0;
  const count = studies[study].data === "pictures" ? closedLoop.pictureStarts : starts;
  return play === undefined ? [] : decodeBits(play.successes, count).map(Number);
}

/** Success rate by robot, a number for each seed. */
export function successRates(lines: readonly Line[], study: StudyName, cell: Cell, execute: number) {
  const runs = [...runsOf(lines, study, cell).values()];
  return playedRobots(study).map((robot) => runs.map((line) => average(outcomes(line, robot, execute))));
}

/** Success of one cell less that of another, paired by seed and start; `null` where no seed has both. */
export function compareSuccess(
  lines: readonly Line[],
  study: StudyName,
  [one, other]: readonly [Cell, Cell],
  execute: number,
): Comparison | null {
  const [left, right] = [runsOf(lines, study, one), runsOf(lines, study, other)];
  const seeds = [...left.keys()].filter((seed) => right.has(seed));
  if (seeds.length === 0) return null;
  const differences: Differences = seeds.map((seed) =>
    playedRobots(study).map((robot) => {
      const against = outcomes(right.get(seed)!, robot, execute);
      return outcomes(left.get(seed)!, robot, execute).map((success, start) => success - against[start]!);
    }),
  );
  const bySeed = differences.map((robots) => average(robots.map(average)));
  return { seeds, estimate: bootstrap(differences, rounds), p: signFlip(bySeed) };
}

/** A number of one run. */
export type Measure = (line: Line) => number;

const plays = (line: Line, of: (play: Play) => number | null) =>
  average(playedRobots(line.study).flatMap((robot) => of(line.rollouts![robot]![primaryHorizon.execute]!) ?? []));

/** Measures beside success, by name: each the mean over robots. */
export const measures: Readonly<Record<string, { readonly of: Measure; readonly plays: boolean }>> = {
  "steps to success": { plays: true, of: (line) => plays(line, ({ stepsToSuccess }) => stepsToSuccess) },
  "speed in the last second, σ/s": { plays: true, of: (line) => plays(line, ({ lastSecondSpeed }) => lastSecondSpeed) },
  "held-out velocity loss": { plays: false, of: ({ velocityLoss }) => average(numbers(Object.values(velocityLoss))) },
  "error of sampled actions, σ": {
    plays: false,
    of: ({ actionError }) => average(Object.values(actionError).map((steps) => average(numbers(steps)))),
  },
};

export function numbers(values: readonly (number | null)[]): number[] {
  return values.filter((value) => value !== null);
}

/** A secondary measure with its p, as it is and corrected. */
export interface Secondary {
  readonly name: string;
  readonly mean: number;
  readonly seeds: number;
  readonly p: number;
  readonly corrected: number;
}

/** The secondary measures of a study, `causal` less `taught`, with Holm's correction; without those of which no seed has both. */
export function secondary(lines: readonly Line[], study: StudyName): Secondary[] {
  const [left, right] = [runsOf(lines, study, "causal"), runsOf(lines, study, "taught")];
  const tests = Object.entries(measures).flatMap(([name, { of, plays: needsPlays }]) => {
    if (needsPlays && playedRobots(study).length === 0) return [];
    const differences = [...left].flatMap(([seed, line]) => {
      const against = right.get(seed);
      return against === undefined ? [] : [of(line) - of(against)];
    });
    if (differences.length === 0) return [];
    return [{ name, mean: average(differences), seeds: differences.length, p: signFlip(differences) }];
  });
  const corrected = holm(tests.map(({ p }) => p));
  return tests.map((test, at) => ({ ...test, corrected: corrected[at]! }));
}

/** Cells of weights that read both ways, best first, by mean success over the seeds that all of them have. */
export function ranked(
  lines: readonly Line[],
): { readonly cell: Cell; readonly success: number; readonly seeds: number }[] {
  const others = cellsOf("ends-at-success").filter((cell) => cell !== "causal");
  const runs = new Map(others.map((cell) => [cell, runsOf(lines, "ends-at-success", cell)]));
  const shared = [...runs.get(others[0]!)!.keys()].filter((seed) => others.every((cell) => runs.get(cell)!.has(seed)));
  if (shared.length === 0) return [];
  return others
    .map((cell) => {
      const own = shared.map((seed) => runs.get(cell)!.get(seed)!);
      const rate = (line: Line) =>
        average(robotNames.map((robot) => average(outcomes(line, robot, primaryHorizon.execute))));
      return { cell, success: average(own.map(rate)), seeds: shared.length };
    })
    .sort((one, other) => other.success - one.success);
}

/** What the rule says. */
export interface Verdict {
  readonly text: string;
  /** The best cell that reads both ways, and how `causal` compares with it; `null` where there is no data. */
  readonly best: Cell | null;
  readonly compared: Comparison | null;
}

export function verdict(lines: readonly Line[]): Verdict {
  const best = ranked(lines)[0]?.cell ?? null;
  const compared =
    best === null ? null : compareSuccess(lines, "ends-at-success", ["causal", best], primaryHorizon.execute);
  if (compared === null)
    return { text: "no data: the rule needs a seed that every cell of `ends-at-success` has", best, compared };
  const isKept = compared.estimate.low >= margin;
  return {
    text: isKept ? "causal is the default" : `causal loses to ${best}: the default has to change`,
    best,
    compared,
  };
}

/** Runs of the design that the table lacks. */
export function missing(lines: readonly Line[]): Job[] {
  const present = new Set(lines.map(jobName));
  return jobs().filter((job) => !present.has(jobName(job)));
}
