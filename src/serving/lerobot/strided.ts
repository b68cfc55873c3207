import type { NumberArray } from "../../../client/message.ts";
import { InputError } from "../../input-error.ts";

/** Cells of an array as they lie in memory. */
export interface StridedCells extends NumberArray {
  /** By axis, how many cells apart neighbours are. */
  readonly strides: readonly number[];
  /** Cells before the first. */
  readonly offset: number;
}

/**
 * The same cells in C order; those that are so already are not copied.
 *
 * @throws InputError where there are more cells than bytes for them, or one lies outside
 */
export function inCOrder(where: string, { dtype, shape, strides, offset, bytes }: StridedCells): NumberArray {
  const size = Number(dtype.slice(2));
  const count = shape.reduce((product, length) => product * length, 1);
  const last = shape.reduce((sum, length, axis) => sum + (length - 1) * strides[axis]!, offset);
  if (!(size > 0 && Math.max(offset + count, last + 1) * size <= bytes.length))
    throw new InputError(
      `${where}: expected ${count} cells of [${shape.join(" ")}] ${dtype} from cell ${offset} on, got ${bytes.length} bytes`,
    );
  const ordered = cStrides(shape);
  if (ordered.every((stride, axis) => shape[axis] === 1 || stride === strides[axis]))
    return { dtype, shape, bytes: bytes.subarray(offset * size, (offset + count) * size) };
  const moved = new Uint8Array(count * size);
  for (let cell = 0; cell < count; cell++) {
    let from = offset;
    for (let axis = 0; axis < shape.length; axis++)
      from += (Math.floor(cell / ordered[axis]!) % shape[axis]!) * strides[axis]!;
    for (let byte = 0; byte < size; byte++) moved[cell * size + byte] = bytes[from * size + byte]!;
  }
  return { dtype, shape, bytes: moved };
}

/** Of cells whose last axis is the closest. */
export function cStrides(shape: readonly number[]): number[] {
  return shape.map((_, axis) => shape.slice(axis + 1).reduce((product, length) => product * length, 1));
}

/** Of cells whose first axis is the closest. */
export function fortranStrides(shape: readonly number[]): number[] {
  return shape.map((_, axis) => shape.slice(0, axis).reduce((product, length) => product * length, 1));
}
