import type { DeviceMemory } from "../../device-array.ts";
import { address, type Foreign, openLibrary } from "../foreign-library.ts";
import type { Address } from "../interface.ts";
import { cudaLibrary } from "./libraries.ts";

/** What of CUDA's own library is called; all return 0 where it went well. */
const table = {
  cudaMalloc: ["void *", "size_t"],
  cudaFree: ["void *"],
  cudaMemset: ["void *", "int", "size_t"],
  cudaMemcpy: ["void *", "void *", "size_t", "int"],
  cudaDeviceSynchronize: [],
} as const;

type Place = Address | NodeJS.ArrayBufferView;

const found = new Map<string, Foreign>();
const library = openLibrary(cudaLibrary("libcudart.so.13"), "global");
for (const [name, parameters] of Object.entries(table)) found.set(name, library.func(name, "int", [...parameters]));
const describe = library.func("cudaGetErrorString", "str", ["int"]);

/** Kinds of copies, as `cudaMemcpy` numbers them. */
const [toDevice, toHost] = [1, 2];

/** Zeroed memory of the card, until it is released. */
export class CudaMemory implements DeviceMemory {
  readonly address: Address;
  readonly byteLength: number;
  #released = false;

  /** @throws Error with CUDA's message, such as where the card has not so much left */
  constructor(byteLength: number) {
    const out = new BigUint64Array(1);
    // Of nothing at all CUDA gives no address.
    call("cudaMalloc", out, Math.max(1, byteLength));
    this.address = out[0]!;
    this.byteLength = byteLength;
    this.clear(0, byteLength);
  }

  /** Sets bytes to 0. */
  clear(byteOffset: number, byteLength: number): void {
    call("cudaMemset", this.#at(byteOffset, byteLength), 0, byteLength);
    call("cudaDeviceSynchronize");
  }

  /** Copies from the host. */
  write(byteOffset: number, cells: NodeJS.ArrayBufferView): void {
    call("cudaMemcpy", this.#at(byteOffset, cells.byteLength), cells, cells.byteLength, toDevice);
    call("cudaDeviceSynchronize");
  }

  /** Copies to the host. */
  read(byteOffset: number, cells: NodeJS.ArrayBufferView): void {
    call("cudaMemcpy", cells, this.#at(byteOffset, cells.byteLength), cells.byteLength, toHost);
  }

  release(): void {
    if (this.#released) return;
    this.#released = true;
    call("cudaFree", this.address);
  }

  #at(byteOffset: number, byteLength: number): Address {
    if (this.#released || byteOffset + byteLength > this.byteLength)
      throw new RangeError(
        `CudaMemory: expected a place within ${this.byteLength} bytes that are not released, got ${byteLength} from ${byteOffset} on`,
      );
    return this.address + BigInt(byteOffset);
  }
}

function call(name: keyof typeof table, ...values: (Place | number)[]): void {
  const places = values.map((value) => (typeof value === "object" ? address(value) : value));
  const status: number = found.get(name)!(...places);
  if (status !== 0) throw new Error(`CUDA, ${name}: ${describe(status)}`);
}
