/** Answers that are remembered: the longest of them counts, as a robot that jumps is worse than one that heeds more. */
const remembered = 8;

/** How many steps answers take, by those that came last. */
export class MeasuredDelay {
  readonly #most: number;
  readonly #took: number[] = [];

  /** @param most steps that are ever expected */
  constructor(most: number) {
    this.#most = most;
  }

  /** An answer was there after so many steps. */
  took(steps: number): void {
    this.#took.push(steps);
    if (this.#took.length > remembered) this.#took.shift();
  }

  /** Steps that the next answer is expected to take: at least 1, for while it is asked for the robot carries out an action. */
  get steps(): number {
    return Math.min(this.#most, Math.max(1, ...this.#took));
  }
}
