/** What answers several questions in one call. */
export interface Acting<Question, Answer> {
  /** The most questions of one call. */
  readonly rows: number;
  /** The most calls at the same time. */
  readonly lanes: number;
  act(questions: readonly Question[]): Promise<readonly Answer[]>;
}

interface Waiting<Question, Answer> {
  readonly question: Question;
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Questions of different sessions: those that wait while as many calls run as may run side by side go together into the next.
 *
 * A question that does not fit fails alone: its companions are asked again without it.
 */
export class Batcher<Question, Answer> {
  readonly #policy: Acting<Question, Answer>;
  readonly #waiting: Waiting<Question, Answer>[] = [];
  #running = 0;

  constructor(policy: Acting<Question, Answer>) {
    this.#policy = policy;
  }

  /** Questions that wait for a call. */
  get waiting(): number {
    return this.#waiting.length;
  }

  act(question: Question): Promise<Answer> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ question, resolve, reject });
      void this.#run();
    });
  }

  async #run(): Promise<void> {
    if (this.#running === this.#policy.lanes) return;
    this.#running++;
    while (this.#waiting.length > 0) await this.#answer(this.#waiting.splice(0, this.#policy.rows));
    this.#running--;
  }

  async #answer(asked: readonly Waiting<Question, Answer>[]): Promise<void> {
    try {
      const answers = await this.#policy.act(asked.map(({ question }) => question));
      for (const [at, { resolve }] of asked.entries()) resolve(answers[at]!);
    } catch (error) {
      const [first, ...others] = asked;
      if (others.length === 0) first?.reject(error);
      else for (const one of asked) await this.#answer([one]);
    }
  }
}
