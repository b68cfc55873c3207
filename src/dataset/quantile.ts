/** Bins of the histogram: after the range has doubled, half of them still span it, as many as openpi uses. */
const bins = 10_000;

/**
 * The quantiles of a stream of numbers: exact while the values fit, then from a histogram.
 *
 * The histogram's range doubles where a value falls outside, two bins becoming one, so no count ever moves to a wrong bin.
 */
export class QuantileSketch {
  readonly #capacity: number;
  #values: Float64Array | null = new Float64Array(1024);
  #count = 0;
  #low = 0;
  #high = 0;
  #counts = new Float64Array(0);

  /** @param capacity values up to which quantiles are exact */
  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  get isExact(): boolean {
    return this.#values !== null;
  }

  add(value: number): void {
    if (this.#values !== null && this.#count >= this.#capacity) this.#spread(this.#values);
    if (this.#values === null) this.#bin(value);
    else {
      if (this.#count === this.#values.length) this.#values = grown(this.#values, this.#capacity);
      this.#values[this.#count] = value;
    }
    this.#count++;
  }

  /** The value below which a share of the numbers lies; NaN if there are none. */
  quantile(share: number): number {
    if (this.#count === 0) return Number.NaN;
    const rank = share * (this.#count - 1);
    return this.#values === null ? this.#fromBins(rank) : fromSorted(this.#values.slice(0, this.#count).sort(), rank);
  }

  /** Goes over to the histogram: its range begins as that of the values so far. */
  #spread(values: Float64Array): void {
    this.#low = Number.POSITIVE_INFINITY;
    this.#high = Number.NEGATIVE_INFINITY;
    for (const value of values.subarray(0, this.#count)) {
      this.#low = Math.min(this.#low, value);
      this.#high = Math.max(this.#high, value);
    }
    // A range of nothing could not double.
    if (this.#high === this.#low) this.#high = this.#low + Math.max(Math.abs(this.#low), 1) * 1e-9;
    this.#counts = new Float64Array(bins);
    this.#values = null;
    for (const value of values.subarray(0, this.#count)) this.#bin(value);
  }

  #bin(value: number): void {
    while (value < this.#low || value > this.#high) this.#double(value < this.#low);
    const at = Math.floor(((value - this.#low) / (this.#high - this.#low)) * bins);
    this.#counts[Math.min(at, bins - 1)]!++;
  }

  #double(downwards: boolean): void {
    const range = this.#high - this.#low;
    const counts = new Float64Array(bins);
    const from = downwards ? bins / 2 : 0;
    for (let at = 0; at < bins; at += 2) counts[from + at / 2] = this.#counts[at]! + this.#counts[at + 1]!;
    this.#counts = counts;
    if (downwards) this.#low -= range;
    else this.#high += range;
  }

  /** The value at a rank, spread evenly over its bin. */
  #fromBins(rank: number): number {
    const size = (this.#high - this.#low) / bins;
    let below = 0;
    for (let at = 0; at < bins; at++) {
      const count = this.#counts[at]!;
      if (below + count > rank) return this.#low + size * (at + (rank - below + 0.5) / count);
      below += count;
    }
    return this.#high;
  }
}

function fromSorted(sorted: Float64Array, rank: number): number {
  const below = Math.floor(rank);
  const low = sorted[below]!;
  const high = sorted[Math.min(below + 1, sorted.length - 1)]!;
  return low + (high - low) * (rank - below);
}

function grown(values: Float64Array, capacity: number): Float64Array {
  const larger = new Float64Array(Math.min(capacity, values.length * 2));
  larger.set(values);
  return larger;
}
