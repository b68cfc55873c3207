import { InputError } from "../src/input-error.ts";
import { ActionQueue, type ChunkExecution, executionProblems } from "./action-queue.ts";
import type { Observation } from "./observation.ts";
import type { PolicyAnswer, PolicyClient } from "./policy-client.ts";

/** What the actions of a stream are asked from. */
export type ActionSource = Pick<PolicyClient, "infer" | "metadata">;

/** How answers came, counted over the steps of a stream. */
export interface StreamCounts {
  /** Chunks that came. */
  readonly chunks: number;
  /** Steps that had to wait for a chunk. */
  readonly waited: number;
  /** Steps that went on with the chunk before, because the one that was due was late. */
  readonly late: number;
}

/**
 * A robot's actions, one at each step of its control loop.
 *
 * With a delay of 0 each chunk is awaited where it is due, as openpi's chunk broker does it. With more, it is requested so many
 * steps before, while the robot goes on; what is past when it is due is left out, and a chunk that is late is gone over to when it comes.
 */
export class ActionStream {
  readonly #source: ActionSource;
  readonly #execution: ChunkExecution;
  readonly #queue: ActionQueue;
  #asking: Promise<void> | null = null;
  #isOwed = false;
  #failure: { readonly error: unknown } | null = null;
  #counts = { chunks: 0, waited: 0, late: 0 };
  /** The step from which the newest chunk is carried out. */
  #dueFrom = 0;

  /** @throws InputError where chunks are too short for it */
  constructor(source: ActionSource, execution: ChunkExecution) {
    const [problem] = executionProblems(execution, source.metadata.actionSteps);
    if (problem !== undefined) throw new InputError(problem);
    this.#source = source;
    this.#execution = execution;
    this.#queue = new ActionQueue(execution);
  }

  get counts(): StreamCounts {
    return this.#counts;
  }

  /**
   * The action of this step.
   *
   * @param observe called only at steps that ask for a chunk
   * @throws what a question failed with, once
   */
  async next(observe: () => Observation | Promise<Observation>): Promise<readonly number[]> {
    this.#isOwed ||= this.#queue.asks;
    if (this.#isOwed && this.#asking === null) this.#ask(await observe());
    if (this.#isMissing() && this.#asking !== null) {
      this.#count("waited");
      await this.#asking;
    }
    this.#throwFailure();
    if (this.#queue.step >= this.#dueFrom + this.#execution.execute) this.#count("late");
    return this.#queue.take();
  }

  #isMissing(): boolean {
    return !this.#queue.hasAction || this.#execution.delay === 0;
  }

  #ask(observation: Observation): void {
    const { step } = this.#queue;
    this.#isOwed = false;
    this.#asking = this.#source
      .infer(observation)
      .then(({ actions }: PolicyAnswer) => {
        this.#queue.put(actions, step);
        // The first chunk is waited for, whatever the delay.
        this.#dueFrom = step === 0 ? 0 : step + this.#execution.delay;
        this.#count("chunks");
      })
      .catch((error: unknown) => {
        this.#failure = { error };
      })
      .finally(() => {
        this.#asking = null;
      });
  }

  #throwFailure(): void {
    const failure = this.#failure;
    this.#failure = null;
    if (failure === null) return;
    this.#isOwed = true;
    throw failure.error;
  }

  #count(name: keyof StreamCounts): void {
    this.#counts = { ...this.#counts, [name]: this.#counts[name] + 1 };
  }
}
