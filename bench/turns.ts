import { setTimeout as pause } from "node:timers/promises";
import { processorMs } from "./processor-time.ts";

/** One of those that are compared. */
export interface Contestant {
  readonly name: string;
  /** The program that does the work; absent: this one. */
  readonly program?: number | undefined;
  /** One repetition; the mean time of its steps in milliseconds. */
  repeat(): Promise<number>;
  end(): void;
}

/** Times of one contestant, one per round, and what they come to. */
export interface Measured {
  readonly name: string;
  readonly timesMs: readonly number[];
  readonly medianMs: number;
}

/** Those of the clock, and beside them what the cores worked. */
export interface Turns extends Measured {
  /** Processor time in the place of time: what waits for others costs none. `null` where it is not known. */
  readonly processor: Measured | null;
}

/** After a repetition the threads of a runtime go on spinning for a while; the next one must not share a core with them. */
const pauseMs = 100;

/**
 * Every contestant once per round, in an order that is reversed from round to round: a drift of the machine hits all alike.
 *
 * @param done told how many repetitions are over
 */
export async function takeTurns(
  contestants: readonly Contestant[],
  rounds: number,
  done: (repetitions: number) => void,
): Promise<Turns[]> {
  const times = contestants.map((): number[] => []);
  const worked = contestants.map((): (number | null)[] => []);
  for (let round = 0; round < rounds; round++) {
    const order = contestants.map((_, at) => (round % 2 === 0 ? at : contestants.length - 1 - at));
    for (const [turn, at] of order.entries()) {
      await pause(pauseMs);
      const { ms, processor } = await timed(contestants[at]!);
      times[at]!.push(ms);
      worked[at]!.push(processor);
      done(round * contestants.length + turn + 1);
    }
  }
  return contestants.map(({ name }, at) => {
    const known = worked[at]!.filter((ms) => ms !== null);
    const processor = known.length < rounds ? null : { name, timesMs: known, medianMs: median(known) };
    return { name, timesMs: times[at]!, medianMs: median(times[at]!), processor };
  });
}

/** A step's mean time in one repetition, and as large a share of the processor time as it is of the whole repetition. */
async function timed({ repeat, program }: Contestant): Promise<{ ms: number; processor: number | null }> {
  const [start, before] = [performance.now(), processorMs(program)];
  const ms = await repeat();
  const [end, after] = [performance.now(), processorMs(program)];
  return { ms, processor: before === null || after === null ? null : (ms * (after - before)) / (end - start) };
}

/** Median of the ratios within each round: what slowed down a whole round leaves it alone. */
export function ratioTo(base: Measured, measured: Measured): number {
  return median(measured.timesMs.map((ms, round) => ms / base.timesMs[round]!));
}

/** The middle of an odd number of values, the mean of the two middle ones of an even number. */
export function median(values: readonly number[]): number {
  if (values.length === 0) throw new RangeError("median: expected at least one value, got none");
  const sorted = [...values].sort((one, other) => one - other);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
