/** How far numbers may lie from what is expected: `absolute + relative · |expected|`, and why that far. */
export interface Tolerance {
  readonly absolute: number;
  readonly relative: number;
  /** What makes numbers differ at all, e.g. "float32 sum of 4,096 terms". */
  readonly because: string;
}

/**
 * Fails where an array differs from what is expected, and says where by most.
 *
 * Infinities are close to themselves, NaN to NaN: what must stay finite is asked for by `expectFinite`.
 */
export function expectClose(
  what: string,
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  tolerance: Tolerance,
): void {
  if (actual.length !== expected.length)
    throw new Error(`${what}: expected ${expected.length} cells, got ${actual.length}`);
  let worst = { at: -1, excess: 1 };
  let outside = 0;
  for (let at = 0; at < expected.length; at++) {
    const excess = ratio(actual[at]!, expected[at]!, tolerance);
    if (excess > 1) outside++;
    if (excess > worst.excess) worst = { at, excess };
  }
  if (worst.at < 0) return;
  const [got, wanted] = [actual[worst.at]!, expected[worst.at]!];
  throw new Error(
    `${what}: largest difference ${Math.abs(got - wanted).toExponential(2)} at cell ${worst.at}: expected ${wanted}, got ${got}; ` +
      `${outside} of ${expected.length} cells lie further than ${tolerance.absolute} + ${tolerance.relative} · |expected| (${tolerance.because})`,
  );
}

/** Fails at the first cell that is NaN or infinite. */
export function expectFinite(what: string, cells: ArrayLike<number>): void {
  for (let at = 0; at < cells.length; at++)
    if (!Number.isFinite(cells[at])) throw new Error(`${what}: expected finite cells, got ${cells[at]} at cell ${at}`);
}

/** Difference in units of the tolerance; above 1 is too far. */
function ratio(actual: number, expected: number, { absolute, relative }: Tolerance): number {
  if (Object.is(actual, expected) || actual === expected) return 0;
  const difference = Math.abs(actual - expected);
  const allowed = absolute + relative * Math.abs(expected);
  return Number.isFinite(difference) ? difference / Math.max(allowed, Number.MIN_VALUE) : Number.POSITIVE_INFINITY;
}
