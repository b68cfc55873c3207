import { stream } from "../../graph/random.ts";
import { localLinks } from "../local.ts";
import { World } from "../world.ts";

/** So many ranks in this process, for tests of what ranks do together. */
export async function localWorlds(size: number, deadlineSeconds: number): Promise<World[]> {
  return await Promise.all(localLinks(size).map((link) => World.open(link, { deadlineSeconds })));
}

/** What each rank returns. */
export async function onRanks<T>(worlds: readonly World[], body: (world: World) => Promise<T>): Promise<T[]> {
  return await Promise.all(worlds.map(body));
}

/** Sums of gradients of this length take several buckets at two to four ranks, the last of them ragged. */
export const gradientCells = 3 * (2 ** 19 + 1000) + 7;

/** The gradient of a micro-batch: cells of many sizes, so that another order of additions has other bits. */
export function gradientOf(micro: number): Float32Array<ArrayBuffer> {
  const cells = new Float32Array(gradientCells);
  stream(3, "gradient").fillNormal(cells.subarray(0, 500), micro, 0, 0);
  for (let at = 500; at < gradientCells; at++) cells[at] = cells[at % 500]! * (1 + at);
  return cells;
}

/** What ranks have to arrive at: halves split at the largest power of two below the count, added cell by cell. */
export function summedInOneProcess(count: number): Float32Array<ArrayBuffer> {
  const sum = (from: number, length: number): Float32Array<ArrayBuffer> => {
    if (length === 1) return gradientOf(from);
    const left = 2 ** Math.floor(Math.log2(length - 1));
    const [one, other] = [sum(from, left), sum(from + left, length - left)];
    return one.map((cell, at) => cell + other[at]!);
  };
  return sum(0, count);
}
