import { cells } from "../axes.ts";
import type { DataType, HostArray } from "../host-array.ts";
import { elementType } from "../onnx.ts";
import { hostMemory } from "./environment.ts";
import { address } from "./foreign-library.ts";
import { type Address, give, obtain } from "./interface.ts";

/** An array of any axes and type. */
export type AnyHostArray = HostArray<string, DataType>;

/**
 * The runtime's views of arrays, in a row: it reads and writes their very cells, without a copy.
 *
 * Making and giving back a view takes half a microsecond, so each run makes its own.
 */
export class RuntimeValues {
  readonly pointers: BigUint64Array;
  /** Keeps the memory alive for as long as the views are. */
  readonly #arrays: readonly AnyHostArray[];

  /** @throws RangeError if an array's memory was transferred away */
  constructor(arrays: readonly AnyHostArray[]) {
    for (const { shape, cells: storage } of arrays)
      if (storage.length !== cells(shape))
        throw new RangeError(`run: an array of [${shape}] has ${storage.length} cells; was it transferred away?`);
    this.#arrays = arrays;
    this.pointers = BigUint64Array.from(arrays, makeView);
  }

  /** Gives the views back; nobody outside JavaScript uses the arrays any more. */
  release(): void {
    for (let at = 0; at < this.#arrays.length; at++) give("ReleaseValue", this.pointers[at]!);
  }
}

function makeView({ cells: storage, shape, type }: AnyHostArray): Address {
  // An empty array may have no address, and the runtime refuses null.
  const place = address(storage.byteLength === 0 ? nowhere : storage);
  const sizes = BigInt64Array.from(shape, BigInt);
  const element = elementType[type];
  return obtain("CreateTensorWithDataAsOrtValue", hostMemory, place, storage.byteLength, sizes, sizes.length, element);
}

const nowhere = new Float64Array(1);
