import { closeSync, openSync } from "node:fs";
import { readdir, rename, rm, stat, truncate } from "node:fs/promises";
import { join } from "node:path";
import { appendEvent, isAbsent, isOutOfRoom, writeDurably } from "../../checkpoint/durable.ts";
import { InputError } from "../../input-error.ts";
import { makeFolder } from "../../make-folder.ts";
import { readEventsSince } from "../../training/event-follower.ts";
import { eventFile, type RunEvent, readEvents } from "../../training/event-log.ts";
import { timeFile } from "../../training/time-log.ts";
import { firstAt } from "../chart/min-max.ts";
import { paces, sortTimes, type TimeColumns } from "../run-times.ts";
import { firstRecords, type StepScalars, scalarRecord } from "./event.ts";
import { paceScalars, scalarsOf } from "./scalars.ts";

/** The folder of a run in which its event files for TensorBoard are. */
export const tensorboardFolder = "tensorboard";

/** What is written for TensorBoard, and where. */
export interface TensorBoardRequest {
  readonly run: string;
  /** Made where it is not there. */
  readonly folder: string;
  /** Samples of a step. */
  readonly batchSize: number;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/**
 * An event file that TensorBoard reads. It follows from the run's own logs: whoever begins it writes anew all that they hold, so that
 * what a resumed run takes back is not there, and each line that they gain is appended.
 */
export class TensorBoardLog {
  readonly path: string;
  readonly #file: number;
  readonly #request: TensorBoardRequest;
  /** The last line of the run's clock. */
  #time: RunEvent | null = null;

  private constructor(path: string, request: TensorBoardRequest) {
    this.path = path;
    this.#file = openSync(path, "a");
    this.#request = request;
  }

  /** @throws InputError where the run's events are none, the folder cannot be made, or the disk is full */
  static async begin(request: TensorBoardRequest): Promise<TensorBoardLog> {
    const { folder, now } = request;
    await makeFolder(folder).catch((error: unknown) => {
      throw new InputError(
        `${folder}: expected a folder for event files, got ${error instanceof Error ? error.message : error}`,
      );
    });
    const at = Math.round(now());
    const path = join(folder, fileName(at));
    const unfinished = join(folder, "unfinished");
    await rm(unfinished, { force: true });
    await writeDurably(unfinished, records(await historyOf(request), at)).catch((error: unknown) => {
      throw isOutOfRoom(error) ? new InputError(`${path}: expected room for it, got a full disk; free some`) : error;
    });
    await rename(unfinished, path);
    for (const name of await readdir(folder))
      if (isOwn(name) && name !== fileName(at)) await retire(join(folder, name));
    return new TensorBoardLog(path, request);
  }

  /**
   * @param line of the run's events or of its clock
   * @throws InputError where the disk is full
   */
  append(line: RunEvent): void {
    const { now, batchSize } = this.#request;
    if (line.kind === "start" || line.kind === "time") {
      const since = this.#time;
      this.#time = line;
      for (const scalars of paceHistory(sortTimes(since === null ? [] : [since, line]), batchSize))
        this.#write(scalars);
      return;
    }
    this.#write({ step: line.step, at: now(), scalars: scalarsOf(line) });
  }

  close(): void {
    closeSync(this.#file);
  }

  #write(scalars: StepScalars): void {
    if (scalars.scalars.length === 0) return;
    appendEvent(this.#file, scalarRecord(scalars), this.path);
  }
}

/** Whether a run has event files for TensorBoard. */
export async function hasTensorBoardLog(run: string): Promise<boolean> {
  const names = await readdir(join(run, tensorboardFolder)).catch((error: unknown) => {
    if (isAbsent(error)) return [];
    throw error;
  });
  return names.some(isOwn);
}

/**
 * Empties an earlier file, and removes one that was empty already: a TensorBoard that is open reads it to its end before it goes on to the
 * next, and never does where it has gone.
 */
async function retire(path: string): Promise<void> {
  if ((await stat(path)).size === 0) await rm(path);
  else await truncate(path, 0);
}

/** Its time puts it behind those before it in the order in which TensorBoard reads the files of a folder. */
function fileName(at: number): string {
  return `events.out.tfevents.${at}.armature`;
}

function isOwn(name: string): boolean {
  return /^events\.out\.tfevents\.\d+\.armature$/.test(name);
}

/** All that a run has logged. */
async function historyOf({ run, batchSize }: TensorBoardRequest): Promise<StepScalars[]> {
  const events = await readEvents(run);
  const times = sortTimes((await readEventsSince(join(run, timeFile), null)).events);
  const timeOf = clockOf(times, await lastWritten(run));
  const scalars = events.map((event) => ({ step: event.step, at: timeOf(event.step), scalars: scalarsOf(event) }));
  const last = events.at(-1)?.step ?? 0;
  return [...scalars.filter((one) => one.scalars.length > 0), ...paceHistory(times, batchSize)].filter(
    ({ step }) => step <= last,
  );
}

function paceHistory(times: TimeColumns, batchSize: number): StepScalars[] {
  return paces(times).map((pace) => ({ step: pace.step, at: pace.at, scalars: paceScalars(pace, batchSize) }));
}

/** When a step ended, to about a second: the first line of the run's clock at or behind it that no resumed start took back. */
function clockOf(times: TimeColumns, otherwise: number): (step: number) => number {
  let lines: { readonly step: number; readonly at: number }[] = [];
  for (const [line, step] of times.step.entries()) {
    if (times.isStart[line] === true) lines = lines.filter((one) => one.step <= step);
    lines.push({ step, at: times.at[line]! });
  }
  const steps = lines.map((line) => line.step);
  return (step) => (lines[firstAt(steps, step)] ?? lines.at(-1))?.at ?? otherwise;
}

async function lastWritten(run: string): Promise<number> {
  const path = join(run, eventFile);
  return await stat(path).then(
    ({ mtimeMs }) => mtimeMs,
    () => 0,
  );
}

/** A long history is written in pieces. */
const pieceLength = 4096;

function* records(history: readonly StepScalars[], at: number): Generator<Buffer> {
  yield firstRecords(history[0]?.at ?? at);
  for (let begin = 0; begin < history.length; begin += pieceLength)
    yield Buffer.concat(history.slice(begin, begin + pieceLength).map(scalarRecord));
}
