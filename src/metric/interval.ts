import { Mean } from "../validity/mean.ts";

/** Bounds of a confidence interval of 95 %. */
export type Interval = readonly [low: number, high: number];

/** How far a value may lie off, judged by how its clusters scatter: samples of one episode say much the same. */
export interface Spread {
  /** The squared standard error. */
  readonly variance: number;
  readonly freedom: number;
}

/**
 * The spread of a value to which clusters add up; `null` of fewer than two of them.
 *
 * @param deviations by cluster: what it adds to the value, less what it would add if it were like all together; their sum is 0
 * @source Cochran, Sampling Techniques (1977), § 6.3, the ratio estimate, and § 9A.2
 */
export function clusterSpread(deviations: readonly number[]): Spread | null {
  const clusters = deviations.length;
  if (clusters < 2) return null;
  const squares = deviations.reduce((sum, deviation) => sum + deviation ** 2, 0);
  return { variance: clusters * new Mean(squares, clusters - 1).value!, freedom: clusters - 1 };
}

/**
 * The spread of a weighted sum of values that do not depend on each other; `null` where that of one of them is not known.
 *
 * @source Satterthwaite, Biometrics Bulletin 2 (1946), the degrees of freedom
 */
export function pooledSpread(
  parts: readonly { readonly weight: number; readonly spread: Spread | null }[],
): Spread | null {
  let [variance, parted, least] = [0, 0, Number.POSITIVE_INFINITY];
  for (const { weight, spread } of parts) {
    if (spread === null) return null;
    const own = weight ** 2 * spread.variance;
    variance += own;
    parted += own ** 2 / spread.freedom;
    least = Math.min(least, spread.freedom);
  }
  if (parts.length === 0) return null;
  return { variance, freedom: parted === 0 ? least : variance ** 2 / parted };
}

/** The interval about a mean of squares, which is never negative; `null` where there is none, or its spread is not known. */
export function intervalAbout(value: number | null, spread: Spread | null): Interval | null {
  if (value === null || spread === null) return null;
  const half = studentQuantile(spread.freedom) * Math.sqrt(spread.variance);
  return [Math.max(0, value - half), value + half];
}

/** Student's t at 97.5 %, for few degrees of freedom. */
const fewFreedoms = [12.706205, 4.302653, 3.182446, 2.776445] as const;
/** The standard normal's at 97.5 %. */
const z = 1.959964;

/**
 * Student's t at 97.5 %; degrees of freedom are rounded down.
 *
 * @source Abramowitz and Stegun, 26.7.5; within 3e-4 from five degrees of freedom on
 */
export function studentQuantile(freedom: number): number {
  const whole = Math.max(1, Math.floor(freedom));
  const known = fewFreedoms[whole - 1];
  if (known !== undefined) return known;
  const terms = [
    (z ** 3 + z) / 4,
    (5 * z ** 5 + 16 * z ** 3 + 3 * z) / 96,
    (3 * z ** 7 + 19 * z ** 5 + 17 * z ** 3 - 15 * z) / 384,
    (79 * z ** 9 + 776 * z ** 7 + 1482 * z ** 5 - 1920 * z ** 3 - 945 * z) / 92160,
  ];
  return terms.reduce((sum, term, at) => sum + term / whole ** (at + 1), z);
}
