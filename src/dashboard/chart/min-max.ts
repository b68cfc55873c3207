/** Values over rising positions; `null` where there is none. */
export interface ChartSamples {
  readonly xs: readonly number[];
  readonly ys: readonly (number | null)[];
}

/**
 * Fewer samples that draw the same picture: of each column of pixels the first, the lowest, the highest and the last value, in their
 * order. No spike is lost, however narrow; a line through what is kept covers the pixels that a line through all of them does.
 *
 * One sample on each side of the range is kept, so that lines leave the picture where they would.
 *
 * @param xs      rising
 * @param columns of pixels over the range
 * @source Jugel et al., M4: a visualization-oriented time series data aggregation, VLDB 2014
 */
export function minMaxSamples(
  { xs, ys }: ChartSamples,
  [from, to]: readonly [number, number],
  columns: number,
): ChartSamples {
  const begin = Math.max(0, firstAt(xs, from) - 1);
  const end = Math.min(xs.length, firstAt(xs, to) + 1);
  if (end - begin <= 4 * columns) return { xs: xs.slice(begin, end), ys: ys.slice(begin, end) };
  const kept: number[] = [];
  const width = (to - from) / columns;
  for (let at = begin; at < end; ) {
    const column = Math.floor((xs[at]! - from) / width);
    let next = at + 1;
    while (next < end && Math.floor((xs[next]! - from) / width) === column) next++;
    kept.push(...extremes(ys, at, next));
    at = next;
  }
  return { xs: kept.map((at) => xs[at]!), ys: kept.map((at) => ys[at]!) };
}

/** Index of the first position that is not below a value. */
export function firstAt(xs: readonly number[], value: number): number {
  let [low, high] = [0, xs.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (xs[middle]! < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Of the values from one index to before another: the first, the lowest, the highest, the last, each once, in order. */
function extremes(ys: readonly (number | null)[], begin: number, end: number): number[] {
  let [lowest, highest] = [begin, begin];
  for (let at = begin; at < end; at++) {
    const value = ys[at]!;
    if (value === null) continue;
    const [low, high] = [ys[lowest]!, ys[highest]!];
    if (low === null || value < low) lowest = at;
    if (high === null || value > high) highest = at;
  }
  return [...new Set([begin, lowest, highest, end - 1])].sort((one, other) => one - other);
}
