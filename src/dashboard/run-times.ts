import type { RunEvent } from "../training/event-log.ts";

/** When some steps ended, from the run's clock, one entry of each array per line of it. */
export interface TimeColumns {
  readonly step: number[];
  /** Milliseconds since 1970. */
  readonly at: number[];
  /** How long training had waited for data since its start. */
  readonly waitedMs: number[];
  /** Whether training started there, at a step that it went on from. */
  readonly isStart: boolean[];
}

/** Lines of a run's clock as columns; what is none is left out, as no number of the run depends on it. */
export function sortTimes(lines: readonly RunEvent[]): TimeColumns {
  const columns: TimeColumns = { step: [], at: [], waitedMs: [], isStart: [] };
  for (const { kind, step, at, waitedMs } of lines) {
    if (typeof at !== "number" || typeof waitedMs !== "number") continue;
    columns.step.push(step);
    columns.at.push(at);
    columns.waitedMs.push(waitedMs);
    columns.isStart.push(kind === "start");
  }
  return columns;
}

/** How fast training was up to a step, since the line before. */
export interface Pace {
  readonly step: number;
  readonly stepsPerSecond: number;
  /** Share of the time that was spent waiting for data. */
  readonly waitShare: number;
  /** Milliseconds since 1970. */
  readonly at: number;
}

/** The pace over a run's steps. What a resumed run took back is left out. */
export function paces({ step, at, waitedMs, isStart }: TimeColumns): Pace[] {
  let found: Pace[] = [];
  for (const [line, own] of step.entries()) {
    if (isStart[line] === true) found = found.filter((pace) => pace.step <= own);
    const before = line - 1;
    if (isStart[line] === true || before < 0) continue;
    const [ms, done] = [at[line]! - at[before]!, own - step[before]!];
    if (ms <= 0 || done <= 0) continue;
    const waited = Math.min(1, Math.max(0, (waitedMs[line]! - waitedMs[before]!) / ms));
    found.push({ step: own, stepsPerSecond: (1000 * done) / ms, waitShare: waited, at: at[line]! });
  }
  return found;
}

/** Seconds to a step at the pace of the last minute of training; `null` where there is none, or nothing is left. */
export function secondsLeft(times: TimeColumns, steps: number): number | null {
  const last = times.step.length - 1;
  const begin = times.isStart.lastIndexOf(true);
  if (last <= begin || times.step[last]! >= steps) return null;
  let first = last - 1;
  while (first > Math.max(0, begin) && times.at[last]! - times.at[first - 1]! <= 60_000) first--;
  const [ms, done] = [times.at[last]! - times.at[first]!, times.step[last]! - times.step[first]!];
  return done <= 0 ? null : ((steps - times.step[last]!) * ms) / (1000 * done);
}
