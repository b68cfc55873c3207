import { cells } from "../axes.ts";
import { DeviceArray } from "../device-array.ts";
import type { DataType, HostArray } from "../host-array.ts";
import { elementType } from "../onnx.ts";
import { cudaMemory, hostMemory } from "./environment.ts";
import { address } from "./foreign-library.ts";
import { type Address, give, obtain } from "./interface.ts";

/** An array of any axes and type. */
export type AnyHostArray = HostArray<string, DataType>;

/** An array that a program reads or writes: in the host's memory or the device's. */
export type ProgramArray = AnyHostArray | DeviceArray;

/**
 * The runtime's views of arrays, in a row: it reads and writes their very cells, without a copy.
 *
 * Making and giving back a view takes half a microsecond, so each run makes its own.
 */
export class RuntimeValues {
  readonly pointers: BigUint64Array;
  /** Keeps the memory alive for as long as the views are. */
  readonly #arrays: readonly ProgramArray[];

  /** @throws RangeError if an array's memory was transferred away */
  constructor(arrays: readonly ProgramArray[]) {
    for (const array of arrays) refuseEmptied(array);
    this.#arrays = arrays;
    this.pointers = BigUint64Array.from(arrays, makeView);
  }

  /** Gives the views back; nobody outside JavaScript uses the arrays any more. */
  release(): void {
    for (let at = 0; at < this.#arrays.length; at++) give("ReleaseValue", this.pointers[at]!);
  }
}

function refuseEmptied(array: ProgramArray): void {
  if (array instanceof DeviceArray || array.cells.length === cells(array.shape)) return;
  throw new RangeError(`run: an array of [${array.shape}] has ${array.cells.length} cells; was it transferred away?`);
}

function makeView(array: ProgramArray): Address {
  const { shape, type } = array;
  const sizes = BigInt64Array.from(shape, BigInt);
  const rest = [sizes, sizes.length, elementType[type]] as const;
  if (array instanceof DeviceArray) {
    const { memory, byteOffset, byteLength } = array;
    const place = memory.address + BigInt(byteOffset);
    return obtain("CreateTensorWithDataAsOrtValue", cudaMemory(), place, byteLength, ...rest);
  }
  // An empty array may have no address, and the runtime refuses null.
  const { cells: storage } = array;
  const place = address(storage.byteLength === 0 ? nowhere : storage);
  return obtain("CreateTensorWithDataAsOrtValue", hostMemory, place, storage.byteLength, ...rest);
}

const nowhere = new Float64Array(1);
