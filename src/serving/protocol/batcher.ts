import type { ActionChunk, ActionRequest } from "../action.ts";

/** What acts for several robots in one call. */
export interface Acting {
  /** The most robots of one call. */
  readonly rows: number;
  act(requests: readonly ActionRequest[]): Promise<readonly ActionChunk[]>;
}

interface Waiting {
  readonly request: ActionRequest;
  readonly resolve: (chunk: ActionChunk) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Requests of different sessions, one call at a time: those that wait while it runs go together into the next.
 *
 * A request that does not fit fails alone: its companions are asked again without it.
 */
export class Batcher {
  readonly #policy: Acting;
  readonly #waiting: Waiting[] = [];
  #isRunning = false;

  constructor(policy: Acting) {
    this.#policy = policy;
  }

  /** Requests that wait for a call. */
  get waiting(): number {
    return this.#waiting.length;
  }

  act(request: ActionRequest): Promise<ActionChunk> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ request, resolve, reject });
      void this.#run();
    });
  }

  async #run(): Promise<void> {
    if (this.#isRunning) return;
    this.#isRunning = true;
    while (this.#waiting.length > 0) await this.#answer(this.#waiting.splice(0, this.#policy.rows));
    this.#isRunning = false;
  }

  async #answer(asked: readonly Waiting[]): Promise<void> {
    try {
      const chunks = await this.#policy.act(asked.map(({ request }) => request));
      for (const [at, { resolve }] of asked.entries()) resolve(chunks[at]!);
    } catch (error) {
      const [first, ...others] = asked;
      if (others.length === 0) first?.reject(error);
      else for (const one of asked) await this.#answer([one]);
    }
  }
}
