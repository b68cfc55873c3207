import { type Stream, stream } from "../../../graph/random.ts";

/** Random choices one after the other; each name has its own, so that a new question elsewhere changes none of them. */
export class Dice {
  readonly #stream: Stream;
  #asked = 0;

  constructor(seed: number, ...names: readonly string[]) {
    this.#stream = stream(seed, "drawn dataset", ...names);
  }

  /** In `[0, 1)`. */
  share(): number {
    return this.#stream.uniform(this.#asked++, 0, 0, 0);
  }

  happens(probability: number): boolean {
    return this.share() < probability;
  }

  /** A whole number from `low` to `high`, both included. */
  between(low: number, high: number): number {
    return low + Math.floor(this.share() * (high - low + 1));
  }

  pick<const T>(values: readonly [T, ...T[]]): T {
    return values[this.between(0, values.length - 1)] ?? values[0];
  }

  shuffled<T>(values: readonly T[]): T[] {
    return values
      .map((value) => ({ value, place: this.share() }))
      .sort((one, other) => one.place - other.place)
      .map(({ value }) => value);
  }
}
