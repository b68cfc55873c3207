import { type Span, shareOf } from "./deal.ts";
import { SliceSum } from "./slice-sum.ts";
import { joinLast } from "./tree.ts";
import type { World } from "./world.ts";

/** A gradient: every cell of every parameter in one array, at the same places on all ranks. */
export interface GradientBuffer {
  readonly cells: Float32Array;
}

/**
 * The sum of the gradients of a step's micro-batches over all ranks, with the bits of one process.
 *
 * Micro-batches are added in a binary tree over their index (`areSiblings`): each rank adds up the whole subtrees that lie in
 * its share, and those are added over ranks (`SliceSum`). No addition depends on how micro-batches were dealt.
 */
export class RankedSum<B extends GradientBuffer> {
  readonly #world: World;
  readonly #make: () => B;
  readonly #overRanks: SliceSum;
  readonly #spare: B[] = [];
  #step: { readonly count: number; readonly share: Span; next: number } | null = null;
  /** The subtrees of this rank so far, from left to right, and their sums. */
  readonly #nodes: Span[] = [];
  readonly #sums: B[] = [];

  /** @param make storage for one gradient */
  constructor(world: World, make: () => B) {
    this.#world = world;
    this.#make = make;
    this.#overRanks = new SliceSum(world, { sliceCells: sliceCellsOf(world.size), ahead });
  }

  /** Begins a step of so many micro-batches on all ranks; returns those that this rank has to add, in order. */
  begin(microBatches: number): Span {
    if (this.#step !== null || microBatches < 1)
      throw new RangeError("RankedSum: expected the last step's total to be taken, and at least one micro-batch");
    const share = shareOf(microBatches, this.#world);
    this.#step = { count: microBatches, share, next: share.start };
    return share;
  }

  /** Storage for the next micro-batch's gradient, to be filled and given to `add`. */
  storage(): B {
    return this.#spare.pop() ?? this.#make();
  }

  /** Lends storage that no step needs at the time; what is in it afterwards does not matter. */
  async lend<T>(use: (storage: B) => Promise<T>): Promise<T> {
    const storage = this.storage();
    try {
      return await use(storage);
    } finally {
      this.#spare.push(storage);
    }
  }

  /** Takes over the gradient of the next micro-batch of this rank's share. */
  add(gradient: B): void {
    const step = this.#step;
    if (step === null || step.next === step.share.end)
      throw new RangeError("RankedSum: expected the gradients of this rank's share, got one more");
    this.#sums.push(gradient);
    joinLast(this.#nodes, { start: step.next, end: step.next + 1 }, step.count, (left) => {
      const [taken] = this.#sums.splice(left + 1, 1);
      this.#world.add(this.#sums[left]!.cells, taken!.cells);
      this.#spare.push(taken!);
    });
    step.next++;
  }

  /** The whole sum, the same on all ranks. It may be overwritten from the next `storage` on. */
  async total(): Promise<B> {
    const step = this.#step;
    if (step === null || step.next !== step.share.end)
      throw new RangeError("RankedSum: expected every gradient of this rank's share before the total");
    const total = this.#sums[0] ?? this.storage();
    const own = this.#sums.map(({ cells }) => cells);
    if (this.#world.size > 1) await this.#overRanks.run({ own, total: total.cells, count: step.count });
    this.#spare.push(...this.#sums.slice(1), total);
    this.#nodes.length = 0;
    this.#sums.length = 0;
    this.#step = null;
    return total;
  }
}

/** Cells of a bucket for each of so many ranks: fewer, larger messages where they are few, else memory for slices of all of them. */
export function sliceCellsOf(size: number): number {
  return Math.max(2 ** 15, Math.floor(2 ** 20 / size));
}

/** More buckets under way gained nothing. */
const ahead = 3;
