import { letters } from "../graph/axes.ts";
import type { DataType, HostArray } from "../graph/host-array.ts";

type Values = HostArray<string, Exclude<DataType, "int64">>;

/** Where two arrays differ by most. */
export interface Difference {
  /** Never NaN or infinite: what is beyond numbers is the largest of them. */
  readonly size: number;
  /** Of the first array. */
  readonly index: readonly number[];
}

/**
 * The largest difference between cells that stand in both of two arrays, `null` where all are equal to the bit.
 *
 * Cells are aligned by named axes: an axis that is longer in one has more behind, but observation slots have more before.
 *
 * @param isCompared whether a cell of the first array counts
 * @throws RangeError if the arrays differ in axes
 */
export function differenceOf(one: Values, other: Values, isCompared: (cell: number) => boolean): Difference | null {
  if (one.axes !== other.axes)
    throw new RangeError(`differenceOf: expected arrays of the same axes, got "${one.axes}" and "${other.axes}"`);
  if (areSameBits(one, other)) return null;
  const first = sharedRegion(one, other);
  const second = sharedRegion(other, one);
  let worst: { size: number; cell: number } | null = null;
  for (let at = 0; at < first.count; at++) {
    const cell = first.cellAt(at);
    const [x, y] = [one.cells[cell]!, other.cells[second.cellAt(at)]!];
    if (Object.is(x, y) || !isCompared(cell)) continue;
    const size = x === y ? Number.MIN_VALUE : finite(Math.abs(x - y));
    if (worst === null || size > worst.size) worst = { size, cell };
  }
  return worst === null ? null : { size: worst.size, index: indexOf(worst.cell, one.shape) };
}

/** Largest magnitude of an array's cells. */
export function magnitude({ cells }: Values): number {
  let largest = 0;
  for (let at = 0; at < cells.length; at++) largest = Math.max(largest, finite(Math.abs(cells[at]!)));
  return largest;
}

/** One comparison of memory: most arrays are the same to the last bit. */
function areSameBits(one: Values, other: Values): boolean {
  const bytes = ({ cells: { buffer, byteOffset, byteLength } }: Values) => Buffer.from(buffer, byteOffset, byteLength);
  return one.shape.join() === other.shape.join() && bytes(one).equals(bytes(other));
}

function finite(size: number): number {
  return Number.isFinite(size) ? size : Number.MAX_VALUE;
}

interface Region {
  readonly count: number;
  /** The array's cell that is cell `at` of the region. */
  readonly cellAt: (at: number) => number;
}

/** The cells of an array whose place another array has as well. */
function sharedRegion({ axes, shape }: Values, other: Values): Region {
  const sizes = shape.map((size, axis) => Math.min(size, other.shape[axis]!));
  if (sizes.every((size, axis) => size === shape[axis]))
    return { count: sizes.reduce((all, size) => all * size, 1), cellAt: (at) => at };
  const own = letters(axes);
  const starts = shape.map((size, axis) => (own[axis] === "o" ? size - sizes[axis]! : 0));
  const cellAt = (at: number) => {
    let [rest, cell, stride] = [at, 0, 1];
    for (let axis = sizes.length - 1; axis >= 0; axis--) {
      cell += (starts[axis]! + (rest % sizes[axis]!)) * stride;
      rest = Math.floor(rest / sizes[axis]!);
      stride *= shape[axis]!;
    }
    return cell;
  };
  return { count: sizes.reduce((all, size) => all * size, 1), cellAt };
}

function indexOf(cell: number, shape: readonly number[]): number[] {
  const index: number[] = [];
  let rest = cell;
  for (const size of [...shape].reverse()) {
    index.unshift(rest % size);
    rest = Math.floor(rest / size);
  }
  return index;
}
