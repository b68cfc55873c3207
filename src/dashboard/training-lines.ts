import type { Line } from "./chart/line.ts";
import { smoothed } from "./chart/smooth.ts";
import type { StepColumns, ValidationRow } from "./run-events.ts";
import type { RunPart } from "./run-follower.ts";
import { paces } from "./run-times.ts";

/** A run of a comparison: its log, and the colour that it has in every chart. */
export interface ComparedRun {
  readonly name: string;
  readonly colour: number;
  readonly log: RunPart;
  /** `null` where its recipe is not known. */
  readonly batchSize: number | null;
}

/** The terms of a loss, as validations name them. */
export const lossTerms = ["velocity", "tokens", "response"] as const;
export type LossTerm = (typeof lossTerms)[number];

/**
 * A number of every step, a line for each run.
 *
 * @param weight of what came before, from 0 to below 1 (see `smoothed`)
 */
export function stepLines(
  runs: readonly ComparedRun[],
  of: Exclude<keyof StepColumns, "step">,
  weight: number,
): Line[] {
  return runs.map(({ name, colour, log: { steps } }) => {
    const values = steps[of];
    const isSmoothed = weight > 0;
    return {
      name,
      colour,
      xs: steps.step,
      ys: isSmoothed ? smoothed(values, weight) : values,
      raw: isSmoothed ? values : null,
      band: null,
      // One step alone makes no line.
      isMarked: values.length === 1,
    };
  });
}

/** Losses of held-out episodes over the whole mixture, with their intervals, a line for each run. */
export function aggregateLines(runs: readonly ComparedRun[]): Line[] {
  return runs.map(({ name, colour, log }) =>
    heldOutLine({ name, colour }, log.validations, (row) => lossOf(row.aggregate)),
  );
}

/** The same of one dataset and control mode. */
export function groupLines(runs: readonly ComparedRun[], group: string): Line[] {
  return runs
    .map(({ name, colour, log }) => heldOutLine({ name, colour }, log.validations, (row) => groupLoss(row, group)))
    .filter(({ xs }) => xs.length > 0);
}

/** The same of every dataset and control mode of one run. */
export function linesByGroup(run: ComparedRun): Line[] {
  return groupsOf([run]).map((group, colour) =>
    heldOutLine({ name: group, colour }, run.log.validations, (row) => groupLoss(row, group)),
  );
}

/** One term of the loss over the whole mixture; it has no interval of its own. */
export function termLines(runs: readonly ComparedRun[], term: LossTerm): Line[] {
  return runs
    .map(({ name, colour, log }) =>
      heldOutLine({ name, colour }, log.validations, ({ aggregate }) => ({ value: aggregate[term], interval: null })),
    )
    .filter(({ ys }) => ys.some((value) => value !== null));
}

/** Terms that one of the runs has. */
export function termsOfRuns(runs: readonly ComparedRun[]): LossTerm[] {
  return lossTerms.filter((term) =>
    runs.some(({ log }) => log.validations.some(({ aggregate }) => aggregate[term] !== null)),
  );
}

/** Datasets and control modes that one of the runs validates, by name, in their order. */
export function groupsOf(runs: readonly ComparedRun[]): string[] {
  const names = runs.flatMap(({ log }) => log.validations.flatMap(({ groups }) => groups.map(groupName)));
  return [...new Set(names)];
}

/** Share of rollouts that succeeded, a line for each run and robot. */
export function rolloutLines(runs: readonly ComparedRun[]): Line[] {
  const isOne = runs.length === 1;
  const lines = runs.flatMap(({ name, log }) => {
    const robots = [...new Set(log.rollouts.map(({ robot }) => robot))];
    return robots.map((robot) => {
      const rows = log.rollouts.filter((row) => row.robot === robot);
      return {
        name: isOne ? robot : `${name}: ${robot}`,
        xs: rows.map(({ step }) => step),
        ys: rows.map(({ successRate }) => successRate),
        band: { low: rows.map(({ interval }) => interval[0]), high: rows.map(({ interval }) => interval[1]) },
      };
    });
  });
  return lines.map((line, colour) => ({ ...line, colour, isMarked: true, raw: null }));
}

/** Samples per second, and the share of time that was spent waiting for data. */
export function paceLines(runs: readonly ComparedRun[]): { readonly speed: Line[]; readonly wait: Line[] } {
  const known = runs.map((run) => ({ run, found: paces(run.log.times) })).filter(({ found }) => found.length > 0);
  const lines = (of: (pace: (typeof known)[number]["found"][number], run: ComparedRun) => number): Line[] =>
    known.map(({ run, found }) => ({
      name: run.name,
      colour: run.colour,
      xs: found.map(({ step }) => step),
      ys: found.map((pace) => of(pace, run)),
      band: null,
      raw: null,
      isMarked: false,
    }));
  return {
    speed: lines(({ stepsPerSecond }, { batchSize }) => stepsPerSecond * (batchSize ?? 1)),
    wait: lines(({ waitShare }) => waitShare),
  };
}

interface HeldOut {
  readonly value: number | null;
  readonly interval: readonly [number, number] | null;
}

function heldOutLine(
  { name, colour }: { readonly name: string; readonly colour: number },
  validations: readonly ValidationRow[],
  of: (row: ValidationRow) => HeldOut | null,
): Line {
  const rows = validations.flatMap((row) => {
    const found = of(row);
    return found === null ? [] : [{ step: row.step, ...found }];
  });
  const hasBand = rows.some(({ interval }) => interval !== null);
  return {
    name,
    colour,
    xs: rows.map(({ step }) => step),
    ys: rows.map(({ value }) => value),
    band: hasBand
      ? {
          low: rows.map(({ interval }) => interval?.[0] ?? null),
          high: rows.map(({ interval }) => interval?.[1] ?? null),
        }
      : null,
    isMarked: true,
    raw: null,
  };
}

function groupLoss({ groups }: ValidationRow, name: string): HeldOut | null {
  const found = groups.find((group) => groupName(group) === name);
  return found === undefined ? null : lossOf(found);
}

function lossOf({ loss, interval }: Pick<ValidationRow["aggregate"], "loss" | "interval">): HeldOut {
  return { value: loss, interval };
}

function groupName({ dataset, controlMode }: { readonly dataset: string; readonly controlMode: string }): string {
  return `${dataset} / ${controlMode}`;
}
