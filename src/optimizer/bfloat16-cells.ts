import type { NarrowCells, RandomBits } from "./moment-form.ts";

/** Cells of bfloat16: float32 without its lower 16 bits. */
export class Bfloat16Cells implements NarrowCells {
  readonly #halves: Uint16Array;

  constructor(length: number) {
    this.#halves = new Uint16Array(length);
  }

  widen(out: Float32Array, from: number): void {
    const bits = bitsOf(out);
    const halves = this.#halves.subarray(from, from + bits.length);
    for (let at = 0; at < bits.length; at++) bits[at] = halves[at]! << 16;
  }

  /** Adds 16 random bits to the 16 that go, whose carry rounds up as often as they say. Signs stand apart: both are rounded alike. */
  narrow(values: Float32Array, from: number, random: RandomBits | null): void {
    const bits = bitsOf(values);
    const halves = this.#halves.subarray(from, from + bits.length);
    if (random === null) for (let at = 0; at < bits.length; at++) halves[at] = bits[at]! >>> 16;
    else for (let at = 0; at < bits.length; at++) halves[at] = (bits[at]! + (random(from + at) >>> 16)) >>> 16;
  }
}

/** The same memory as words. */
export function bitsOf({ buffer, byteOffset, length }: Float32Array): Uint32Array {
  return new Uint32Array(buffer, byteOffset, length);
}
