import { Progress } from "../../src/command/progress.ts";
import type { Screen } from "../../src/command/terminal.ts";
import { median } from "../turns.ts";
import { type ForwardTimes, msOf } from "./forward.ts";
import { runJob } from "./launch.ts";
import { type Pass, passSchema, type TrainingTimes, timesSchema, trainingTimesSchema } from "./request.ts";
import { account, type WayName, wayNames, ways } from "./schedule.ts";

/** A mixture, and how it is validated. */
export interface ValidationCase {
  readonly mixture: string;
  readonly frames: readonly number[];
  readonly ranks: number;
  readonly waits: boolean;
}

/** Medians over rounds. */
export interface ValidationRow extends Omit<ValidationCase, "frames"> {
  readonly datasets: number;
  readonly way: WayName;
  readonly wallMs: number;
  readonly idle: number;
  readonly repeated: number;
  /** How many times as long as one pass, the median of the ratios within rounds. */
  readonly ratio: number;
  /** What the schedule comes to where meetings cost nothing. */
  readonly planned: { readonly idle: number; readonly ratio: number };
}

/** Two threads in all: one rank with two, and two ranks with one each. */
export interface TrainingRow {
  readonly ranks: number;
  readonly threads: number;
  readonly samplesPerSecond: number;
  readonly stepMs: number;
  readonly reduceMs: number;
  readonly shareMs: number;
  /** What both are of a step. */
  readonly betweenShare: number;
}

export interface RanksResult {
  readonly forwardMs: ForwardTimes;
  readonly validation: readonly ValidationRow[];
  readonly training: readonly TrainingRow[];
  /** Medians of the last of `training`. */
  readonly measured: TrainingTimes;
}

export const microBatch = 16;
/** OpenTau#373: many datasets of few frames, beside large ones. */
const issue373 = [...Array.from({ length: 64 }, (_, at) => 1 + (at % 8)), 500, 1000];
const evenFrames = 1024;
const trainingSteps = 16;
/** A forward pass is short beside what else the machine does. */
const forwardRounds = 25;

const issueCases: readonly ValidationCase[] = [1, 2, 4, 8].map((ranks) => ({
  mixture: "issue 373",
  frames: issue373,
  ranks,
  waits: ranks > 2,
}));
const datasetCases: readonly ValidationCase[] = [8, 64, 256].map((datasets) => ({
  mixture: `${evenFrames} frames`,
  frames: Array.from({ length: datasets }, () => evenFrames / datasets),
  ranks: 4,
  waits: true,
}));

/** @param ranks the most that can be started: 1 without a launcher */
export async function measureRanks(ranks: number, rounds: number, screen: Screen): Promise<RanksResult> {
  const cases = [...issueCases, ...datasetCases].filter((each) => each.ranks <= ranks);
  const sides = [1, 2].filter((each) => each <= ranks);
  const total = 1 + cases.length + sides.length * rounds;
  const progress = new Progress({ screen, label: "ranks", unit: "job", total, done: 0, now: () => performance.now() });
  let done = 0;
  const job = async <T>(running: Promise<T>): Promise<T> => {
    const result = await running;
    progress.update(++done, {});
    return result;
  };
  const times = await job(runJob(1, { kind: "forward", sizes: batchSizes(cases), rounds: forwardRounds }, timesSchema));
  const validation: ValidationRow[] = [];
  for (const each of cases) {
    const { frames, waits } = each;
    const request = { kind: "validation" as const, frames: [...frames], microBatch, times, waits, rounds };
    validation.push(...rowsOf(each, times, await job(runJob(each.ranks, request, passSchema.array()))));
  }
  const found = new Map<number, TrainingTimes[]>(sides.map((side) => [side, []]));
  for (let round = 0; round < rounds; round++)
    for (const side of round % 2 === 0 ? sides : sides.toReversed()) found.get(side)!.push(await job(train(side)));
  progress.finish();
  const medians = sides.map((side) => medianOf(found.get(side)!));
  const training = sides.map((side, at) => trainingRow(side, medians[at]!));
  return { forwardMs: times, validation, training, measured: medians.at(-1)! };
}

/** Rows of whole batches, and of what is left at the ends of datasets. */
function batchSizes(cases: readonly ValidationCase[]): number[] {
  const rests = cases.flatMap(({ frames }) => frames.map((count) => count % microBatch));
  return [...new Set([...rests, microBatch])].filter((rows) => rows > 0).sort((one, other) => one - other);
}

const trainingThreads = 2;

async function train(ranks: number): Promise<TrainingTimes> {
  const batch = { size: 16, microBatch: 8 };
  const request = { kind: "training" as const, threads: trainingThreads / ranks, batch, steps: trainingSteps };
  return await runJob(ranks, request, trainingTimesSchema);
}

function medianOf(times: readonly TrainingTimes[]): TrainingTimes {
  const of = (key: "stepMs" | "reduceMs" | "shareMs") => median(times.map((each) => each[key]));
  return { ...times[0]!, stepMs: of("stepMs"), reduceMs: of("reduceMs"), shareMs: of("shareMs") };
}

function trainingRow(ranks: number, { stepMs, reduceMs, shareMs, rows }: TrainingTimes): TrainingRow {
  const threads = trainingThreads / ranks;
  const between = ranks === 1 ? 0 : reduceMs + shareMs;
  const samplesPerSecond = (1000 * rows) / stepMs;
  return { ranks, threads, samplesPerSecond, stepMs, reduceMs, shareMs, betweenShare: between / stepMs };
}

function rowsOf({ frames, ...rest }: ValidationCase, times: ForwardTimes, passes: readonly Pass[]): ValidationRow[] {
  const of = (way: WayName) => passes.filter((each) => each.way === way).sort((one, other) => one.round - other.round);
  const plan = (way: WayName) => account(ways[way](frames, microBatch, rest.ranks), (rows) => msOf(times, rows));
  const base = of("one pass");
  return wayNames.map((way) => {
    const [own, planned] = [of(way), plan(way)];
    return {
      ...rest,
      datasets: frames.length,
      way,
      wallMs: median(own.map(({ wallMs }) => wallMs)),
      idle: median(own.map(({ idle }) => idle)),
      repeated: median(own.map(({ repeated }) => repeated)),
      ratio: median(own.map(({ wallMs }, round) => wallMs / base[round]!.wallMs)),
      planned: { idle: planned.idle, ratio: planned.wallMs / plan("one pass").wallMs },
    };
  });
}
