/**
 * A sum and the number of cells in it: added over micro-batches and ranks, divided once, at the end.
 */
export class Mean {
  readonly sum: number;
  readonly count: number;

  constructor(sum: number, count: number) {
    this.sum = sum;
    this.count = count;
  }

  static readonly empty: Mean = new Mean(0, 0);

  plus(other: Mean): Mean {
    return new Mean(this.sum + other.sum, this.count + other.count);
  }

  /** `null` where nothing was counted: an empty mean is not zero. */
  get value(): number | null {
    return this.count === 0 ? null : this.sum / this.count;
  }
}
