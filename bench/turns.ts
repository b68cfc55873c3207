import { setTimeout as pause } from "node:timers/promises";

/** One of those that are compared. */
export interface Contestant {
  readonly name: string;
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
): Promise<Measured[]> {
  const times = contestants.map((): number[] => []);
  for (let round = 0; round < rounds; round++) {
    const order = contestants.map((_, at) => (round % 2 === 0 ? at : contestants.length - 1 - at));
    for (const [turn, at] of order.entries()) {
      await pause(pauseMs);
      times[at]!.push(await contestants[at]!.repeat());
      done(round * contestants.length + turn + 1);
    }
  }
  return contestants.map(({ name }, at) => ({ name, timesMs: times[at]!, medianMs: median(times[at]!) }));
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
