import { createHash } from "node:crypto";
import { bytesOf, type Cells } from "./link.ts";
import { RankError } from "./rank-error.ts";
import type { World } from "./world.ts";

const hashBytes = 16;

/**
 * Makes sure that all ranks hold the same arrays, to the bit.
 *
 * @param arrays by name, in any order
 * @throws RankError naming the arrays that differ and the ranks that hold them otherwise than most
 */
export async function agree(world: World, purpose: string, arrays: ReadonlyMap<string, Cells>): Promise<void> {
  if (world.size === 1) return;
  const names = [...arrays.keys()].sort();
  const own = Buffer.concat([hashOf(Buffer.from(names.join("\0"))), ...names.map((name) => hashOf(arrays.get(name)!))]);
  const hashes = await world.gather(purpose, own);
  const differences = ["the list of arrays", ...names].flatMap((name, at) => {
    const strange = strangers(
      hashes.map((hash) => Buffer.from(hash).toString("hex", at * hashBytes, (at + 1) * hashBytes)),
    );
    return strange.length === 0 ? [] : [{ name, strange }];
  });
  if (differences.length > 0) throw new RankError(`${purpose}: ${describe(differences)}`);
}

/** Ranks whose value is not that of most; where as many hold each of two, not that of the lowest rank. */
function strangers(values: readonly string[]): number[] {
  const counts = new Map<string, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  const [usual] = [...counts].reduce((best, next) => (next[1] > best[1] ? next : best));
  return [...values.keys()].filter((rank) => values[rank] !== usual);
}

function describe(differences: readonly { readonly name: string; readonly strange: readonly number[] }[]): string {
  const ranks = [...new Set(differences.flatMap(({ strange }) => strange))].sort((one, other) => one - other);
  const names = differences.map(({ name }) => name);
  const more = names.length > mostNamed ? ` and ${names.length - mostNamed} more` : "";
  return (
    `expected equal arrays on all ranks, rank ${ranks.join(", ")} differs from the others in ` +
    `${names.slice(0, mostNamed).join(", ")}${more}; resume from a checkpoint written before`
  );
}

const mostNamed = 5;

function hashOf(cells: Cells): Buffer {
  return createHash("sha256").update(bytesOf(cells)).digest().subarray(0, hashBytes);
}
