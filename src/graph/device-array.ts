import { cells as cellsOf, describe, letters } from "./axes.ts";
import { byteWidth, type DataType } from "./host-array.ts";

/** Memory of a device, in one piece. */
export interface DeviceMemory {
  readonly address: bigint;
  readonly byteLength: number;
  /** Copies to the host. */
  read(byteOffset: number, cells: NodeJS.ArrayBufferView): void;
}

/** Where an array begins in a device's memory, in bytes. */
export interface DevicePlace {
  readonly memory: DeviceMemory;
  readonly byteOffset: number;
}

/** A dense array in a device's memory, row-major. It has no cells to look at: they are copied to the host first. */
export class DeviceArray<A extends string = string, D extends DataType = DataType> {
  readonly axes: A;
  readonly shape: readonly number[];
  readonly type: D;
  readonly memory: DeviceMemory;
  /** Where in the memory its first cell stands, in bytes. */
  readonly byteOffset: number;

  /** @throws RangeError if a letter is unknown or the memory ends before the array does */
  constructor(axes: A, shape: readonly number[], type: D, { memory, byteOffset }: DevicePlace) {
    this.axes = axes;
    this.shape = shape;
    this.type = type;
    this.memory = memory;
    this.byteOffset = byteOffset;
    if (letters(axes).length !== shape.length || byteOffset + this.byteLength > memory.byteLength)
      throw new RangeError(
        `DeviceArray: ${describe(axes, shape)} has ${this.byteLength} bytes from ${byteOffset} on, got ${memory.byteLength}`,
      );
  }

  get byteLength(): number {
    return cellsOf(this.shape) * byteWidth[this.type];
  }
}
