import { type RankInWorld, type Span, shareOf } from "./deal.ts";
import type { Exchange } from "./meetings.ts";
import { joinLast, rootsOf } from "./tree.ts";
import type { World } from "./world.ts";

/** What a rank brings to the sum over ranks. */
export interface Subtrees {
  /** Sums of this rank's subtrees (`rootsOf` its share), from left to right; used up. */
  readonly own: readonly Float32Array[];
  /** Where the total goes: the first of `own`, or another array where there is none. */
  readonly total: Float32Array;
  /** Micro-batches of the step, over all ranks. */
  readonly count: number;
}

/** How the cells travel; no number depends on it. */
export interface SliceOptions {
  /** Cells of a bucket for each rank: what a rank adds up at a time. */
  readonly sliceCells: number;
  /** Buckets under way at a time: one is added up while others travel. */
  readonly ahead: number;
}

/**
 * Sums over ranks of arrays that are cut into slices: each rank owns a slice of every bucket of cells, receives the subtrees
 * of all ranks there, adds them, and gives the sum back.
 *
 * Every rank sends and receives what the best all-reduce does, and the order of additions is that of one process.
 */
export class SliceSum {
  readonly #world: World;
  readonly #options: SliceOptions;
  readonly #spare: ArrayBuffer[] = [];

  constructor(world: World, options: SliceOptions) {
    this.#world = world;
    this.#options = options;
  }

  /** Fills `total` with the sum of all subtrees of all ranks, added as the tree over `count` micro-batches says. */
  async run({ own, total, count }: Subtrees): Promise<void> {
    const { size } = this.#world;
    const { sliceCells, ahead } = this.#options;
    const plan = planOf(count, this.#world);
    const buckets = Math.ceil(total.length / (size * sliceCells));
    await this.#world.exchange("sum of gradients", 2 * buckets, async (exchange) => {
      const running: Promise<void>[] = [];
      for (let at = 0; at < buckets; at++) {
        if (at >= ahead) await running[at - ahead];
        const [from, to] = [at, at + 1].map((border) => Math.min(border * size * sliceCells, total.length));
        const cut = (array: Float32Array) => array.subarray(from, to);
        running.push(this.#sumBucket({ exchange, tag: 2 * at, plan, own: own.map(cut), total: cut(total) }));
      }
      await Promise.all(running);
    });
  }

  async #sumBucket({ exchange, tag, plan, own, total }: Bucket): Promise<void> {
    const { rank, size } = this.#world;
    const slice = (array: Float32Array, owner: number) => {
      const { start, end } = shareOf(total.length, { rank: owner, size });
      return array.subarray(start, end);
    };
    const others = Array.from({ length: size }, (_, other) => other).filter((other) => other !== rank);
    const sum = slice(total, rank);
    const local = own.map((array) => slice(array, rank)).values();
    const foreign = new Map<number, Float32Array<ArrayBuffer>>();
    const terms = plan.owners.map((owner, at) => {
      if (owner === rank) return local.next().value!;
      const space = this.#space(sum.length);
      foreign.set(at, space);
      return space;
    });
    const leaving = others.flatMap((owner) => own.map((array) => exchange.send(owner, tag, slice(array, owner))));
    await Promise.all([...foreign].map(([at, term]) => exchange.receive(plan.owners[at]!, tag, term)));
    for (const [into, other] of plan.joins) this.#world.add(terms[into]!, terms[other]!);
    if (plan.owners[plan.sum] !== rank) sum.set(terms[plan.sum]!);
    this.#spare.push(...[...foreign.values()].map(({ buffer }) => buffer));
    // The other slices of the total leave from the memory that the sums arrive in.
    await Promise.all(leaving);
    await Promise.all(
      others.flatMap((other) => [
        exchange.send(other, tag + 1, sum),
        exchange.receive(other, tag + 1, slice(total, other)),
      ]),
    );
  }

  #space(cells: number): Float32Array<ArrayBuffer> {
    const buffer = this.#spare.pop() ?? new ArrayBuffer(this.#options.sliceCells * Float32Array.BYTES_PER_ELEMENT);
    return new Float32Array(buffer, 0, cells);
  }
}

interface Bucket {
  readonly exchange: Exchange;
  readonly tag: number;
  readonly plan: Plan;
  readonly own: readonly Float32Array[];
  readonly total: Float32Array;
}

/** The subtrees of all ranks, from left to right, and how a rank adds them. */
interface Plan {
  /** The rank that holds each subtree. */
  readonly owners: readonly number[];
  /** Places of two subtrees: the second is added into the first. */
  readonly joins: readonly (readonly [number, number])[];
  /** Where the sum of all is in the end: in the first subtree of the rank's own, if it has one. */
  readonly sum: number;
}

function planOf(count: number, { rank, size }: RankInWorld): Plan {
  const roots = Array.from({ length: size }, (_, owner) =>
    rootsOf(shareOf(count, { rank: owner, size }), count).map((span) => ({ span, owner })),
  ).flat();
  const own = roots.findIndex(({ owner }) => owner === rank);
  const [nodes, places]: [Span[], number[]] = [[], []];
  const joins: [number, number][] = [];
  for (const [at, { span }] of roots.entries()) {
    places.push(at);
    joinLast(nodes, span, count, (left) => {
      const pair: [number, number] = [places[left]!, places[left + 1]!];
      // One plus other is other plus one, to the bit: what ends in the rank's own memory need not be copied there.
      if (pair[1] === own) pair.reverse();
      joins.push(pair);
      places.splice(left, 2, pair[0]);
    });
  }
  return { owners: roots.map(({ owner }) => owner), joins, sum: places[0] ?? 0 };
}
