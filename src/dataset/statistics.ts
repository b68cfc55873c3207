import type { HostArray } from "../graph/host-array.ts";
import type { Padded } from "../validity/padded.ts";
import { QuantileSketch } from "./quantile.ts";

/** What is known of the values of a vector, by entry, over real cells. */
export interface Statistics {
  /** Real cells per entry. */
  readonly count: number;
  readonly mean: Float64Array;
  /** Of the population: divided by the count. */
  readonly std: Float64Array;
  readonly min: Float64Array;
  readonly max: Float64Array;
  readonly q01: Float64Array;
  readonly q99: Float64Array;
}

/** Statistics that say how their quantiles were found. */
export interface MeasuredStatistics extends Statistics {
  /** `exact` interpolates between the sorted values, as NumPy does; `histogram` is within a bin of that. */
  readonly quantiles: "exact" | "histogram";
}

/** Rows of a robot's own vector, of which some may be past an episode's end: frames, or the steps of action windows. */
export type MeasuredRows = Padded<"i j", "float64", "i">;

/** Values that are kept for exact quantiles, over all entries: 128 MiB. */
const keptValues = 1 << 24;

/**
 * Statistics over the real rows of a stream, in one pass and in the stream's order, in float64.
 *
 * @throws RangeError if a block has another width or a real cell is not finite
 */
export async function measure(
  blocks: AsyncIterable<MeasuredRows> | Iterable<MeasuredRows>,
  width: number,
): Promise<MeasuredStatistics> {
  const entries = Array.from({ length: width }, () => new Entry(Math.floor(keptValues / width)));
  let count = 0;
  for await (const block of blocks)
    count += block.read((values, valid) => {
      if (values.shape[1] !== width)
        throw new RangeError(`measure: expected rows of ${width} entries, got ${values.shape[1]}`);
      const real = valid.bits;
      for (const [at, entry] of entries.entries()) entry.add(values, real, at);
      return valid.count;
    });
  // A sum with 0 has no −0, which the cache could not keep.
  const each = (value: (entry: Entry) => number) =>
    Float64Array.from(entries, (entry) => (count === 0 ? NaN : value(entry) + 0));
  return {
    count,
    mean: each((entry) => entry.mean),
    std: each((entry) => Math.sqrt(entry.squares / count)),
    min: each((entry) => entry.min),
    max: each((entry) => entry.max),
    q01: each((entry) => entry.sketch.quantile(0.01)),
    q99: each((entry) => entry.sketch.quantile(0.99)),
    quantiles: entries.every((entry) => entry.sketch.isExact) ? "exact" : "histogram",
  };
}

/** Whether an entry changes at all in the data that the extremes are of; one that does not teaches nothing and normalises to 0. */
export function changes({ min, max }: Pick<Statistics, "min" | "max">, entry: number): boolean {
  return max[entry]! - min[entry]! >= smallestSpan;
}

/** An entry whose values span less never changes. */
const smallestSpan = 1e-6;

/** One entry's running numbers. */
class Entry {
  #count = 0;
  mean = 0;
  /** Sum of squared distances from the mean. */
  squares = 0;
  min = Number.POSITIVE_INFINITY;
  max = Number.NEGATIVE_INFINITY;
  readonly sketch: QuantileSketch;

  constructor(kept: number) {
    this.sketch = new QuantileSketch(kept);
  }

  /** @source Welford, Technometrics 4 (1962): stable where the mean is large beside the spread */
  add(values: HostArray<"i j", "float64">, real: Uint8Array, entry: number): void {
    const [rows = 0, width = 0] = values.shape;
    for (let row = 0; row < rows; row++) {
      if (real[row] === 0) continue;
      const value = values.cells[row * width + entry]!;
      if (!Number.isFinite(value))
        throw new RangeError(`measure: expected finite values, got ${value} in entry ${entry}`);
      this.#count++;
      const distance = value - this.mean;
      this.mean += distance / this.#count;
      this.squares += distance * (value - this.mean);
      this.min = Math.min(this.min, value);
      this.max = Math.max(this.max, value);
      this.sketch.add(value);
    }
  }
}
