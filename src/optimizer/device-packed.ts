import { DeviceArray } from "../graph/device-array.ts";
import { CudaMemory } from "../graph/runtime/cuda/memory.ts";
import type { ParameterValues } from "../nn/parameter.ts";
import { Packed } from "./packed.ts";
import { PackedIn } from "./packed-in.ts";
import { groupLength, onDevice, type PackedForm, packedLength } from "./packed-layout.ts";

type Values = DeviceArray<string, "float32">;

const cellBytes = 4;

/** Packed parameters in a device's memory: the same layout of the buffer, cut into fewer groups. */
export class DevicePacked extends PackedIn<Values, DevicePacked> {
  readonly #memory: CudaMemory;
  readonly #begin: number;

  private constructor(forms: readonly PackedForm[], memory: CudaMemory, begin: number) {
    const arrayAt = ({ axes, shape }: PackedForm, from: number) =>
      new DeviceArray(axes, shape, "float32", { memory, byteOffset: cellBytes * from });
    super({ forms, begin, grouping: onDevice(packedLength(forms)), arrayAt });
    this.#memory = memory;
    this.#begin = begin;
  }

  /** @throws Error with CUDA's message where the card has not so much memory left */
  static zeros(forms: readonly PackedForm[]): DevicePacked {
    const length = packedLength(forms);
    const room = groupLength(length, onDevice(length));
    return new DevicePacked(forms, new CudaMemory(cellBytes * (length + room)), 0);
  }

  static copyOf(values: ParameterValues): DevicePacked {
    const packed = DevicePacked.zeros([...values].map(([name, { axes, shape }]) => ({ name, axes, shape })));
    for (const [name, { byteOffset }] of packed) packed.#memory.write(byteOffset, values.get(name)!.cells);
    return packed;
  }

  /** Copies the host's values of the same layout over these. */
  take(values: Packed): void {
    this.#memory.write(cellBytes * this.#begin, values.cells);
  }

  /** Copies its values over the host's of the same layout. */
  copyTo(values: Packed): void {
    this.#memory.read(cellBytes * this.#begin, values.cells);
  }

  /** Its values in the host's memory. */
  copied(): Packed {
    const packed = Packed.zeros(this.forms);
    this.copyTo(packed);
    return packed;
  }

  clear(name: string): void {
    const { byteOffset, byteLength } = this.get(name)!;
    this.#memory.clear(byteOffset, byteLength);
  }

  /** Gives the memory back, also that of what it was moved from. */
  release(): void {
    this.#memory.release();
  }

  protected beginningAt(begin: number): DevicePacked {
    return new DevicePacked(this.forms, this.#memory, begin);
  }
}
