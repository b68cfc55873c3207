import type { Picture } from "../dataset.ts";

/** What LeRobot states of a feature: a number per entry; of pictures per channel, from 0 to 1, in lists of one of one. */
export interface FeatureStatistics {
  readonly min: readonly unknown[];
  readonly max: readonly unknown[];
  readonly mean: readonly unknown[];
  readonly std: readonly unknown[];
  readonly count: readonly [number];
  readonly q01: readonly unknown[];
  readonly q10: readonly unknown[];
  readonly q50: readonly unknown[];
  readonly q90: readonly unknown[];
  readonly q99: readonly unknown[];
}

const shares = { q01: 0.01, q10: 0.1, q50: 0.5, q90: 0.9, q99: 0.99 } as const;

/** Statistics of vectors, exact at any time: all values are kept, in order of size. */
export class VectorTally {
  #sorted: readonly Float64Array[];

  constructor(width: number) {
    this.#sorted = Array.from({ length: width }, () => new Float64Array(0));
  }

  /** @param rows one value per entry each, row after row */
  add(rows: Float64Array): void {
    const width = this.#sorted.length;
    const count = rows.length / width;
    this.#sorted = this.#sorted.map((sorted, entry) => {
      const fresh = Float64Array.from({ length: count }, (_, row) => rows[row * width + entry]!).sort();
      return merged(sorted, fresh);
    });
  }

  statistics(): FeatureStatistics {
    const each = (value: (sorted: Float64Array) => number) => this.#sorted.map(value);
    const quantiles = (share: number) => each((sorted) => quantile(sorted.length, share, (rank) => sorted[rank]!));
    return {
      min: each((sorted) => sorted[0]!),
      max: each((sorted) => sorted.at(-1)!),
      mean: each(mean),
      std: each((sorted) => {
        const middle = mean(sorted);
        return Math.sqrt(sorted.reduce((sum, value) => sum + (value - middle) ** 2, 0) / sorted.length);
      }),
      count: [this.#sorted[0]?.length ?? 0],
      ...quantilesBy(quantiles),
    };
  }
}

const levels = 256;

/** Statistics of pictures, exact: how often each channel had each level. */
export class PictureTally {
  readonly #counts: readonly number[][];
  #pictures: number;

  /** @param counts as `counts` gave them, by channel; `pictures`: how many those were */
  constructor(counts: readonly (readonly number[])[], pictures: number) {
    this.#counts = counts.map((channel) => [...channel]);
    this.#pictures = pictures;
  }

  static empty(): PictureTally {
    return new PictureTally(
      Array.from({ length: 3 }, () => Array.from({ length: levels }, () => 0)),
      0,
    );
  }

  get counts(): readonly (readonly number[])[] {
    return this.#counts;
  }

  add({ cells }: Picture): void {
    const [red = [], green = [], blue = []] = this.#counts;
    for (let at = 0; at < cells.length; at += 3) {
      red[cells[at]!]!++;
      green[cells[at + 1]!]!++;
      blue[cells[at + 2]!]!++;
    }
    this.#pictures++;
  }

  join(other: PictureTally): void {
    for (const [channel, counts] of this.#counts.entries())
      for (let level = 0; level < levels; level++) counts[level]! += other.#counts[channel]![level]!;
    this.#pictures += other.#pictures;
  }

  statistics(): FeatureStatistics {
    const each = (value: (counts: readonly number[]) => number) =>
      this.#counts.map((counts) => [[value(counts) / (levels - 1)]]);
    const total = (counts: readonly number[]) => counts.reduce((sum, count) => sum + count, 0);
    const middle = (counts: readonly number[]) =>
      counts.reduce((sum, count, level) => sum + count * level, 0) / total(counts);
    return {
      min: each((counts) => counts.findIndex((count) => count > 0)),
      max: each((counts) => counts.findLastIndex((count) => count > 0)),
      mean: each(middle),
      std: each((counts) => {
        const around = middle(counts);
        return Math.sqrt(counts.reduce((sum, count, level) => sum + count * (level - around) ** 2, 0) / total(counts));
      }),
      count: [this.#pictures],
      ...quantilesBy((share) => each((counts) => quantile(total(counts), share, (rank) => levelAt(counts, rank)))),
    };
  }
}

function quantilesBy(quantiles: (share: number) => readonly unknown[]) {
  return {
    q01: quantiles(shares.q01),
    q10: quantiles(shares.q10),
    q50: quantiles(shares.q50),
    q90: quantiles(shares.q90),
    q99: quantiles(shares.q99),
  };
}

/** Between the two nearest of `count` values in order of size, as NumPy does. */
function quantile(count: number, share: number, valueAt: (rank: number) => number): number {
  const place = share * (count - 1);
  const below = Math.floor(place);
  const low = valueAt(below);
  return low + (valueAt(Math.min(below + 1, count - 1)) - low) * (place - below);
}

function levelAt(counts: readonly number[], rank: number): number {
  let below = 0;
  return counts.findIndex((count) => {
    below += count;
    return below > rank;
  });
}

function mean(values: Float64Array): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function merged(one: Float64Array, other: Float64Array): Float64Array {
  const out = new Float64Array(one.length + other.length);
  for (let at = 0, left = 0, right = 0; at < out.length; at++) {
    const takesLeft = right >= other.length || (left < one.length && one[left]! <= other[right]!);
    out[at] = takesLeft ? one[left++]! : other[right++]!;
  }
  return out;
}
