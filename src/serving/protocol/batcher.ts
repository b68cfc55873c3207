/** What answers several questions in one call. */
export interface Acting<Question, Answer> {
  /** The most questions of one call. */
  readonly rows: number;
  /** The most calls at the same time. */
  readonly lanes: number;
  act(questions: readonly Question[]): Promise<readonly Answer[]>;
}

/** How long a call waits for more questions. */
export interface Gathering {
  /** Who may ask at the moment. */
  robots(): number;
  /** The longest wait from one question to the next, in milliseconds. */
  readonly longestMs: number;
}

/** Calls begin with the first question. */
const atOnce: Gathering = { robots: () => 1, longestMs: 0 };

interface Waiting<Question, Answer> {
  readonly question: Question;
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Questions of different sessions: those that wait while as many calls run as may run side by side go together into the next. A call
 * begins when each lane's share of the robots has asked, or nobody did during the longest wait: robots that were answered together ask again
 * one shortly after the other, as pictures take their time to be read, and a call that began with the first of them would leave the rest to the
 * next.
 *
 * A question that does not fit fails alone: its companions are asked again without it.
 */
export class Batcher<Question, Answer> {
  readonly #policy: Acting<Question, Answer>;
  readonly #waiting: Waiting<Question, Answer>[] = [];
  readonly #gathering: Gathering;
  /** Calls that wait for more questions: each is told of every new one. */
  readonly #lookers = new Set<() => void>();
  #running = 0;

  constructor(policy: Acting<Question, Answer>, gathering: Gathering = atOnce) {
    this.#policy = policy;
    this.#gathering = gathering;
  }

  /** Questions that wait for a call. */
  get waiting(): number {
    return this.#waiting.length;
  }

  act(question: Question): Promise<Answer> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ question, resolve, reject });
      for (const look of [...this.#lookers]) look();
      void this.#run();
    });
  }

  async #run(): Promise<void> {
    if (this.#running === this.#policy.lanes) return;
    this.#running++;
    while (this.#waiting.length > 0) {
      if (!this.#isEnough()) await this.#gathered();
      await this.#answer(this.#waiting.splice(0, this.#policy.rows));
    }
    this.#running--;
  }

  #isEnough(): boolean {
    const { rows, lanes } = this.#policy;
    return this.#waiting.length >= Math.min(rows, Math.ceil(this.#gathering.robots() / lanes));
  }

  #gathered(): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer);
        this.#lookers.delete(look);
        resolve();
      };
      const look = () => (this.#isEnough() ? done() : timer.refresh());
      const timer = setTimeout(done, this.#gathering.longestMs);
      this.#lookers.add(look);
    });
  }

  async #answer(asked: readonly Waiting<Question, Answer>[]): Promise<void> {
    if (asked.length === 0) return;
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
