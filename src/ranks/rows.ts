import { bytesOf } from "./link.ts";
import type { World } from "./world.ts";

/** Rows of numbers, one after the other; the first number of a row is its place in the whole set. */
export interface PlacedRows {
  readonly width: number;
  readonly cells: Float64Array;
}

/**
 * The rows of all ranks in order of their place, at every rank.
 *
 * So what is added up over them is added in the order of the set, however it was dealt.
 *
 * @throws RangeError unless the places are 0, 1, 2, …, each once
 */
export async function gatherRows(world: World, purpose: string, { width, cells }: PlacedRows): Promise<PlacedRows> {
  const parts = (await world.gather(purpose, bytesOf(cells))).map((bytes) => new Float64Array(bytes.buffer));
  const count = parts.reduce((sum, part) => sum + part.length, 0) / width;
  const ordered = new Float64Array(count * width).fill(Number.NaN);
  const seen = new Uint8Array(count);
  for (const part of parts)
    for (let from = 0; from < part.length; from += width) {
      const place = part[from]!;
      if (seen[place] !== 0)
        throw new RangeError(`${purpose}: expected each of ${count} rows once, got row ${place} out of turn or twice`);
      seen[place] = 1;
      ordered.set(part.subarray(from, from + width), place * width);
    }
  return { width, cells: ordered };
}
