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
