import { constant, type SymbolicArray } from "../graph/array.ts";
import { HostArray } from "../graph/host-array.ts";
import { alignAny } from "../graph/op/align.ts";
import { offset } from "../graph/op/elementwise.ts";
import { and, cast, less, or } from "../graph/op/select.ts";
import { rename, slice } from "../graph/op/shape.ts";
import type { Form } from "../graph/operation.ts";

/**
 * `[b q k]`: which keys each query may read of its own block and of earlier ones.
 *
 * @param blocks of every token
 * @param readable `[b n]`
 * @param from place of the first query
 */
export function mayRead(
  blocks: readonly number[],
  readable: SymbolicArray<"b n", "bool">,
  from: number,
): SymbolicArray<"b q k", "bool"> {
  const form = readingForm(readable, from);
  const sight = sightOf(blocks, from, (key, query) => key <= query);
  const keys = alignAny(rename(readable, "n", "k"), form);
  const queries = alignAny(rename(slice(readable, "n", from, blocks.length), "n", "q"), form);
  return and(and(alignAny(sight, form), keys), queries);
}

/**
 * `[b q k]`: which keys are of the query's own block, or stand less than `window` positions before it, or behind it.
 *
 * @param positions `[b n]`, of every token
 */
export function isWithin(
  window: number,
  blocks: readonly number[],
  positions: SymbolicArray<"b n", "int32">,
  from: number,
): SymbolicArray<"b q k", "bool"> {
  const form = readingForm(positions, from);
  const number = { ...form, type: "float32" } as const;
  const places = cast(positions, "float32");
  const queries = alignAny(rename(slice(places, "n", from, blocks.length), "n", "q"), number);
  const isNear = less(queries, alignAny(rename(offset(places, window), "n", "k"), number));
  const isOfOwnBlock = alignAny(
    sightOf(blocks, from, (key, query) => key === query),
    form,
  );
  return or(isNear, isOfOwnBlock);
}

function readingForm({ shape: [b = 0, n = 0] }: Form<"b n">, from: number) {
  return { axes: "b q k", shape: [b, n - from, n], type: "bool" } as const;
}

/** `[q k]`: what the blocks of a key and of a query say. */
function sightOf(blocks: readonly number[], from: number, sees: (key: number, query: number) => boolean) {
  const bits = Uint8Array.from(blocks.slice(from).flatMap((query) => blocks.map((key) => (sees(key, query) ? 1 : 0))));
  return constant(new HostArray("q k", [blocks.length - from, blocks.length], "bool", bits));
}
