import type { Span } from "./deal.ts";
import type { World } from "./world.ts";

/** An array of which each rank keeps a part, and which cells those are, in order of ranks: all cells, one part after the other. */
export interface Sliced {
  readonly slices: readonly Span[];
}

/** Cells of a message of rank 0 while it deals: what it packs at a time. */
const dealtCells = 2 ** 20;

/** Fills an array, in which each rank has its own slice right, with the slices of the others. */
export async function shareSlices(
  world: World,
  purpose: string,
  { whole, slices }: Sliced & { readonly whole: Float32Array },
): Promise<void> {
  if (world.size === 1) return;
  const cut = (rank: number) => whole.subarray(slices[rank]!.start, slices[rank]!.end);
  const others = Array.from({ length: world.size }, (_, other) => other).filter((other) => other !== world.rank);
  await world.exchange(purpose, 1, async ({ send, receive }) => {
    const own = cut(world.rank);
    await Promise.all(
      others.flatMap((other) => [
        ...(own.length > 0 ? [send(other, 0, own)] : []),
        ...(cut(other).length > 0 ? [receive(other, 0, cut(other))] : []),
      ]),
    );
  });
}

/**
 * Puts the slices of all ranks together at rank 0.
 *
 * @param own  this rank's slice
 * @param into the whole array at rank 0, `null` at the others
 */
export async function collectSlices(
  world: World,
  purpose: string,
  { own, into, slices }: Sliced & { readonly own: Float32Array; readonly into: Float32Array | null },
): Promise<void> {
  await world.exchange(purpose, 1, async ({ send, receive }) => {
    if (into === null) return own.length > 0 ? await send(0, 0, own) : undefined;
    into.set(own, slices[world.rank]!.start);
    const others = [...slices.entries()].filter(([rank, { start, end }]) => rank !== world.rank && end > start);
    await Promise.all(others.map(([rank, { start, end }]) => receive(rank, 0, into.subarray(start, end))));
  });
}

/**
 * Deals an array that rank 0 can say any cells of, without having all of it in memory: each rank receives its slice.
 *
 * @param own  this rank's slice; filled
 * @param fill writes the cells from one on into an array; at rank 0, `null` at the others
 */
export async function dealSlices(
  world: World,
  purpose: string,
  { own, fill, slices }: Sliced & { readonly own: Float32Array; readonly fill: Filling | null },
): Promise<void> {
  await world.exchange(purpose, 1, async ({ send, receive }) => {
    if (fill === null) {
      for (const piece of pieces({ start: 0, end: own.length }))
        await receive(0, 0, own.subarray(piece.start, piece.end));
      return;
    }
    fill(own, slices[world.rank]!.start);
    for (const [rank, slice] of slices.entries()) {
      if (rank === world.rank) continue;
      for (const { start, end } of pieces(slice)) {
        const piece = new Float32Array(end - start);
        fill(piece, start);
        await send(rank, 0, piece);
      }
    }
  });
}

/** Writes the cells of an array from one on into another, which says how many. */
export type Filling = (out: Float32Array, from: number) => void;

function pieces({ start, end }: Span): Span[] {
  return Array.from({ length: Math.ceil((end - start) / dealtCells) }, (_, at) => ({
    start: start + at * dealtCells,
    end: Math.min(start + (at + 1) * dealtCells, end),
  }));
}
