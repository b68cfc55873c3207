/** Answers that are remembered: the longest of them counts, as a robot that jumps is worse than one that heeds more. */
const remembered = 8;

/** How many steps answers are ever expected to take. */
export interface ExpectedSteps {
  /** Before the first answer as well. */
  readonly least: number;
  readonly most: number;
}

/** How many steps answers take, by those that came last. */
export class MeasuredDelay {
  readonly #expected: ExpectedSteps;
  readonly #took: number[] = [];

  constructor(expected: ExpectedSteps) {
    this.#expected = expected;
  }

  /** An answer was there after so many steps. */
  took(steps: number): void {
    this.#took.push(steps);
    if (this.#took.length > remembered) this.#took.shift();
  }

  /** Steps that the next answer is expected to take. */
  get steps(): number {
    const { least, most } = this.#expected;
    return Math.min(most, Math.max(least, ...this.#took));
  }
}
