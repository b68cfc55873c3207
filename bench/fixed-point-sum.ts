import type { Mpi } from "../src/ranks/mpi/mpi.ts";
import type { World } from "../src/ranks/world.ts";

/** Whole numbers up to here are exact in float64, and so are their sums. */
const exactBits = 52;

/**
 * The sum over ranks by way of whole numbers: their sum is the same in any order, so MPI may add as it likes.
 *
 * It loses to the tree (`docs/benchmarks.md`), and is here to be measured against it.
 */
export class FixedPointSum {
  readonly #world: World;
  readonly #mpi: Mpi;
  readonly #whole: Float64Array;

  constructor(world: World, mpi: Mpi, cells: number) {
    this.#world = world;
    this.#mpi = mpi;
    this.#whole = new Float64Array(cells);
  }

  /** Replaces the values of every rank by the sum of all, of so many terms. */
  async run(values: Float32Array, terms: number): Promise<void> {
    const whole = this.#whole;
    let largest = 0;
    for (let at = 0; at < values.length; at++) largest = Math.max(largest, Math.abs(values[at]!));
    const [most = 0] = await this.#world.max("largest cell", Float64Array.of(largest));
    const bits = exactBits - Math.ceil(Math.log2(terms)) - Math.ceil(Math.log2(most));
    const scale = 2 ** bits;
    for (let at = 0; at < values.length; at++) whole[at] = Math.round(values[at]! * scale);
    this.#mpi.allReduce(whole);
    for (let at = 0; at < values.length; at++) values[at] = whole[at]! / scale;
  }
}
