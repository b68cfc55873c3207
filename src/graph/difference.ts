import type { DataType, HostArray } from "./host-array.ts";

type AnyHostArray = HostArray<string, DataType>;

/**
 * Largest difference of two arrays of one shape, as a share of the first's largest cell; infinite where a cell is a number in one alone.
 *
 * @param floor what the largest cell counts for at least: beside it, what an array holds is rounding
 */
export function differenceIn(one: AnyHostArray, other: AnyHostArray, floor: number): number {
  let difference = 0;
  for (let at = 0; at < one.cells.length; at++) {
    const [x, y] = [Number(one.cells[at]), Number(other.cells[at])];
    if (Object.is(x, y) || x === y) continue;
    if (!Number.isFinite(x) || !Number.isFinite(y)) return Number.POSITIVE_INFINITY;
    difference = Math.max(difference, Math.abs(x - y));
  }
  return difference === 0 ? 0 : difference / Math.max(largestCell(one), floor, Number.MIN_VALUE);
}

/** Largest magnitude of the cells that are numbers. */
export function largestCell({ cells }: AnyHostArray): number {
  let largest = 0;
  for (let at = 0; at < cells.length; at++) {
    const size = Math.abs(Number(cells[at]));
    if (Number.isFinite(size)) largest = Math.max(largest, size);
  }
  return largest;
}

/**
 * Length of the difference of two arrays of one shape, as a share of the first's length; infinite where a cell is a number in one alone.
 *
 * @param floor what the first's length counts for at least
 */
export function distanceIn(one: AnyHostArray, other: AnyHostArray, floor: number): number {
  let squares = 0;
  for (let at = 0; at < one.cells.length; at++) {
    const [x, y] = [Number(one.cells[at]), Number(other.cells[at])];
    if (Object.is(x, y) || x === y) continue;
    if (!Number.isFinite(x) || !Number.isFinite(y)) return Number.POSITIVE_INFINITY;
    squares += (x - y) ** 2;
  }
  return squares === 0 ? 0 : Math.sqrt(squares) / Math.max(lengthOf(one), floor, Number.MIN_VALUE);
}

/** Root of the sum of squares of the cells that are numbers. */
export function lengthOf({ cells }: AnyHostArray): number {
  let squares = 0;
  for (let at = 0; at < cells.length; at++) {
    const cell = Number(cells[at]);
    if (Number.isFinite(cell)) squares += cell * cell;
  }
  return Math.sqrt(squares);
}
