import { type Stream, stream } from "../../src/graph/random.ts";

/** Differences of outcomes by seed, robot and start: 1, 0 or −1 where two policies both succeed or fail, or one does. */
export type Differences = readonly (readonly (readonly number[])[])[];

/** An estimate with its 95 % interval, in shares. */
export interface Estimate {
  readonly mean: number;
  readonly low: number;
  readonly high: number;
}

/** Mean over starts, robots and seeds, each with the same weight. */
export function meanDifference(differences: Differences): number {
  return average(differences.map((robots) => average(robots.map(average))));
}

/**
 * The hierarchical bootstrap: seeds are drawn with replacement, then the starts of each seed drawn, the same for its two policies,
 * robot by robot. Robots are not drawn: they are all there are.
 *
 * @param rounds how often
 * @returns the mean with the 2.5th and 97.5th percentile of the rounds' means
 */
export function bootstrap(differences: Differences, rounds: number): Estimate {
  const random = stream(345, "bootstrap");
  const means = Array.from({ length: rounds }, (_, round) => {
    const seeds = drawn(differences, random, [round, 0, 0]);
    return average(
      seeds.map((robots, seed) =>
        average(robots.map((starts, robot) => average(drawn(starts, random, [round, seed + 1, robot])))),
      ),
    );
  }).sort((one, other) => one - other);
  return { mean: meanDifference(differences), low: quantile(means, 0.025), high: quantile(means, 0.975) };
}

/**
 * The exact sign-flip test of paired differences, two-sided: the share of the 2ⁿ ways to choose their signs in which the mean is
 * at least as far from 0.
 */
export function signFlip(differences: readonly number[]): number {
  const observed = Math.abs(sum(differences));
  const ways = 2 ** differences.length;
  let extreme = 0;
  for (let way = 0; way < ways; way++) {
    const flipped = sum(differences.map((value, at) => (((way >> at) & 1) === 1 ? -value : value)));
    // Sums of equal magnitude differ in their last bits with the order of their signs.
    if (Math.abs(flipped) >= observed - 1e-12) extreme++;
  }
  return extreme / ways;
}

/** Holm's correction, in the order given: the smallest p times its number of tests, the next times one fewer, never falling. */
export function holm(values: readonly number[]): number[] {
  const order = values.map((value, at) => ({ value, at })).sort((one, other) => one.value - other.value);
  let highest = 0;
  const corrected = new Map(
    order.map(({ value, at }, rank) => {
      highest = Math.max(highest, Math.min(1, value * (values.length - rank)));
      return [at, highest];
    }),
  );
  return values.map((_, at) => corrected.get(at)!);
}

/** Between the two nearest, as numpy has it. */
export function quantile(sorted: readonly number[], share: number): number {
  const place = share * (sorted.length - 1);
  const below = Math.floor(place);
  const above = Math.min(below + 1, sorted.length - 1);
  return sorted[below]! + (place - below) * (sorted[above]! - sorted[below]!);
}

export function average(values: readonly number[]): number {
  return sum(values) / values.length;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

/** As many as there are, with replacement. */
function drawn<T>(values: readonly T[], random: Stream, [round, seed, robot]: readonly [number, number, number]): T[] {
  return values.map((_, at) => values[Math.floor(random.uniform(at, round, seed, robot) * values.length)]!);
}
