import { decodeBits } from "../bits.ts";
import { average, bootstrap, type Differences, type Estimate, holm, signFlip } from "../statistics.ts";
import {
  type Cell,
  cells,
  closedLoop,
  type Job,
  jobName,
  jobs,
  type RobotName,
  robotNames,
  type StudyName,
} from "./design.ts";
import type { Line, Measures } from "./table.ts";

/** How often the bootstrap draws. */
const rounds = 10_000;

/** Two cells compared over the seeds that have both. */
export interface Comparison {
  readonly seeds: readonly number[];
  readonly estimate: Estimate;
  /** Of the exact sign-flip test over seeds. */
  readonly p: number;
}

/** Robots whose runs count together. */
export const floor = { success: 0.6, robots: 3, untrained: 0.1 } as const;
/** What D may lose against B, as a share. */
export const margin = -0.02;

/** What was measured of a cell, by seed. */
export function measuresOf(lines: readonly Line[], study: StudyName, cell: Cell): Map<number, Measures> {
  const own = lines.filter((line) => line.study === study && line.training === cells[cell].training);
  return new Map(
    own
      .flatMap(({ seed, cells: measured }) => {
        const found = measured[cell];
        return found === undefined ? [] : [[seed, found] as const];
      })
      .sort(([one], [other]) => one - other),
  );
}

/** Of the starts of one robot: 1 where the policy succeeded. */
export function outcomes({ successes }: Measures, robot: string): number[] {
  const text = successes?.[robot];
  return text === undefined ? [] : decodeBits(text, closedLoop.starts).map(Number);
}

/** Success rate by robot, a number for each seed. */
export function successRates(lines: readonly Line[], study: StudyName, cell: Cell): Map<RobotName, number[]> {
  const measured = [...measuresOf(lines, study, cell).values()];
  return new Map(robotNames.map((robot) => [robot, measured.map((one) => average(outcomes(one, robot)))]));
}

/** A cell of a study. */
export type Sample = readonly [StudyName, Cell];

/** Success of one cell less that of another, paired by seed and start; `null` where no seed has both. */
export function compareSuccess(lines: readonly Line[], one: Sample, other: Sample): Comparison | null {
  const [left, right] = [measuresOf(lines, ...one), measuresOf(lines, ...other)];
  const seeds = [...left.keys()].filter((seed) => right.has(seed));
  if (seeds.length === 0) return null;
  const differences: Differences = seeds.map((seed) =>
    robotNames.map((robot) => {
      const against = outcomes(right.get(seed)!, robot);
      return outcomes(left.get(seed)!, robot).map((success, start) => success - against[start]!);
    }),
  );
  const bySeed = differences.map((robots) => average(robots.map(average)));
  return { seeds, estimate: bootstrap(differences, rounds), p: signFlip(bySeed) };
}

export type Pair = readonly [Cell, Cell];

/** What held-out frames tell of a policy: smaller is better. */
export type HeldOut = "velocityLoss" | "actionError";

/** A held-out measure of one cell less that of another, the mean over robots, a number for each seed that has both. */
export function heldOutDifferences(
  lines: readonly Line[],
  study: StudyName,
  what: HeldOut,
  [one, other]: Pair,
): number[] {
  const [left, right] = [measuresOf(lines, study, one), measuresOf(lines, study, other)];
  return [...left].flatMap(([seed, measured]) => {
    const against = right.get(seed);
    return against === undefined ? [] : [meanOf(measured[what]) - meanOf(against[what])];
  });
}

/** The mean over robots, those without a number left out. */
export function meanOf(byRobot: Readonly<Record<string, number | null>>): number {
  return average(Object.values(byRobot).filter((value) => value !== null));
}

/** A secondary measure with its p, as it is and corrected. */
export interface Secondary {
  readonly name: string;
  readonly mean: number;
  readonly seeds: number;
  readonly p: number;
  readonly corrected: number;
}

/** The secondary measures of the core, with Holm's correction; without those of which no seed has both cells. */
export function secondary(lines: readonly Line[]): Secondary[] {
  const success = ([one, other]: Pair) => {
    const found = compareSuccess(lines, ["core", one], ["core", other]);
    return found === null ? null : { mean: found.estimate.mean, seeds: found.seeds.length, p: found.p };
  };
  const error = (what: HeldOut) => {
    const found = heldOutDifferences(lines, "core", what, ["D", "B"]);
    return found.length === 0 ? null : { mean: average(found), seeds: found.length, p: signFlip(found) };
  };
  const tests = [
    { name: "held-out velocity loss, D − B", found: error("velocityLoss") },
    { name: "error of sampled actions in standard deviations, D − B", found: error("actionError") },
    { name: "success, C − D", found: success(["C", "D"]) },
    { name: "success, B0 − B", found: success(["B0", "B"]) },
  ].flatMap(({ name, found }) => (found === null ? [] : [{ name, ...found }]));
  const corrected = holm(tests.map(({ p }) => p));
  return tests.map((test, at) => ({ ...test, corrected: corrected[at]! }));
}

/** What the rule says. */
export type Verdict =
  | "inconclusive: the floor is not reached"
  | "option 1"
  | "option 2"
  | "undecided: double the seeds"
  | "no data: the rule needs D, B and untrained weights";

export function verdict(lines: readonly Line[]): Verdict {
  const compared = compareSuccess(lines, ["core", "D"], ["core", "B"]);
  if (compared === null) return "no data: the rule needs D, B and untrained weights";
  const rates = [...successRates(lines, "core", "D").values()].map(average);
  const untrained = [...successRates(lines, "untrained", "D").values()].map(average);
  if (untrained.some(Number.isNaN)) return "no data: the rule needs D, B and untrained weights";
  const isAbove = rates.filter((rate) => rate >= floor.success).length >= floor.robots;
  if (!isAbove || untrained.some((rate) => rate > floor.untrained)) return "inconclusive: the floor is not reached";
  if (compared.estimate.low > margin) return "option 1";
  return compared.estimate.high < margin ? "option 2" : "undecided: double the seeds";
}

/** Runs of the design that the table lacks. */
export function missing(lines: readonly Line[]): Job[] {
  const present = new Set(lines.map(jobName));
  return jobs().filter((job) => !present.has(jobName(job)));
}
