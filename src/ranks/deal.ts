/** From one index up to another. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** A rank and the number of all ranks; a `World` has both. */
export interface RankInWorld {
  readonly rank: number;
  readonly size: number;
}

/**
 * A rank's run of things dealt to all ranks, equal for all to within one: the micro-batches of a step that it computes, the
 * cells of an array that it adds up.
 */
export function shareOf(count: number, { rank, size }: RankInWorld): Span {
  return { start: Math.floor((rank * count) / size), end: Math.floor(((rank + 1) * count) / size) };
}

/**
 * The micro-batches of the validation set that a rank computes, in order: every so many-th.
 *
 * Neighbours are of the same robots, so each dataset is spread over all ranks, and what it costs with it.
 */
export function turnsOf(count: number, { rank, size }: RankInWorld): number[] {
  return Array.from({ length: Math.ceil((count - rank) / size) }, (_, at) => rank + at * size);
}
