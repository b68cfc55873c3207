import { InputError } from "../src/input-error.ts";
import { ActionQueue, type ChunkExecution, executionProblems } from "./action-queue.ts";
import { MeasuredDelay } from "./measured-delay.ts";
import type { Observation } from "./observation.ts";
import type { PolicyClient } from "./policy-client.ts";

/** What the actions of a stream are asked from. */
export type ActionSource = Pick<PolicyClient, "infer" | "see" | "metadata">;

/** How a robot carries out the chunks of a stream. */
export interface StreamExecution {
  /** Execution horizon: steps that are carried out of each chunk. */
  readonly execute: number;
  /** Steps from a question to the first action of its answer that is carried out; "measured": as many as the longest of the last took. */
  readonly delay: number | "measured";
  /** Whether a policy with history is shown the frames between questions as well; missing: no. */
  readonly showsFrames?: boolean;
}

/** How answers came, counted over the steps of a stream. */
export interface StreamCounts {
  /** Chunks that came. */
  readonly chunks: number;
  /** Steps that had to wait for a chunk. */
  readonly waited: number;
  /** Steps that went on with the chunk before, because the one that was due was late. */
  readonly late: number;
}

/** A question that is under way. */
interface Question {
  readonly step: number;
  readonly delay: number;
  /** Since when the robot has had no action, in milliseconds; `null`: it has one. */
  waitsSince: number | null;
}

/**
 * A robot's actions, one at each step of its control loop.
 *
 * With a delay of 0 each chunk is awaited where it is due, as openpi's chunk broker does it. With more, it is requested so many
 * steps before, while the robot goes on; what is past when it is due is left out, and a chunk that is late is gone over to when it comes.
 * Each question says what of the last chunk was carried out and how many steps the robot goes on with it, from which a server with
 * `--chunking` has the answer go on.
 */
export class ActionStream {
  readonly #source: ActionSource;
  readonly #execution: StreamExecution;
  readonly #chunks: ChunkExecution;
  #queue: ActionQueue;
  /** `null` where the delay is given. */
  readonly #measured: MeasuredDelay | null;
  #question: Question | null = null;
  #answered: Promise<void> = Promise.resolve();
  #isOwed = false;
  #failure: { readonly error: unknown } | null = null;
  #counts = { chunks: 0, waited: 0, late: 0 };
  /** The step at which the newest chunk was asked for; `null` before the first. */
  #lastAsked: number | null = null;
  /** The step from which the newest chunk is carried out, and from which the one that was asked for last is to be. */
  #dueFrom = 0;
  #nextDue: number | null = null;

  /** @throws InputError where chunks are too short for it */
  constructor(source: ActionSource, execution: StreamExecution) {
    const { actionSteps, longestDelay } = source.metadata;
    const { execute, delay } = execution;
    // While an answer that is not waited for is under way the robot carries out one step at least.
    this.#chunks = { execute, delay: delay === "measured" ? 1 : delay };
    const [problem] = executionProblems(this.#chunks, actionSteps);
    if (problem !== undefined) throw new InputError(problem);
    const most = Math.min(execute, actionSteps - execute, longestDelay ?? actionSteps);
    this.#source = source;
    this.#execution = execution;
    this.#measured = delay === "measured" ? new MeasuredDelay({ least: 1, most }) : null;
    this.#queue = new ActionQueue(this.#chunks);
  }

  get counts(): StreamCounts {
    return this.#counts;
  }

  /** Steps from a question to the first action of its answer that is carried out, as it stands now. */
  get delay(): number {
    const { delay } = this.#execution;
    return delay === "measured" ? (this.#measured?.steps ?? 1) : delay;
  }

  /**
   * The action of this step.
   *
   * @param observe called only at steps that ask for a chunk, or where frames are shown
   * @throws what a question failed with, once
   */
  async next(observe: () => Observation | Promise<Observation>): Promise<readonly number[]> {
    this.#isOwed ||= this.#asks();
    if (this.#isOwed && this.#question === null) this.#ask(await observe());
    else if (this.#execution.showsFrames === true) this.#show(await observe());
    if (this.#isMissing() && this.#question !== null) await this.#wait(this.#question);
    this.#throwFailure();
    if (this.#queue.step >= this.#dueFrom + this.#execution.execute) this.#count("late");
    return this.#queue.take();
  }

  /** An episode begins: nothing is left of the chunks before. How long answers take, and counts, are kept. */
  reset(): void {
    this.#queue = new ActionQueue(this.#chunks);
    this.#question = null;
    this.#isOwed = false;
    this.#failure = null;
    this.#lastAsked = null;
    this.#dueFrom = 0;
    this.#nextDue = null;
  }

  #asks(): boolean {
    if (this.#measured === null) return this.#queue.asks;
    return this.#nextDue === null || this.#queue.step + this.delay >= this.#nextDue + this.#execution.execute;
  }

  #isMissing(): boolean {
    return !this.#queue.hasAction || this.delay === 0;
  }

  async #wait(question: Question): Promise<void> {
    this.#count("waited");
    question.waitsSince = performance.now();
    await this.#answered;
  }

  #ask(observation: Observation): void {
    const [{ step }, delay] = [this.#queue, this.delay];
    const course = this.#lastAsked === null ? null : { carriedOut: step - this.#lastAsked, delay };
    this.#isOwed = false;
    // The first chunk is waited for, whatever the delay.
    this.#nextDue = this.#lastAsked === null ? step : step + delay;
    const question: Question = { step, delay, waitsSince: null };
    this.#question = question;
    this.#answered = this.#source
      .infer(observation, course)
      .then(({ actions }) => this.#put(question, actions))
      .catch((error: unknown) => {
        if (this.#question === question) this.#fail(error);
      })
      .finally(() => {
        if (this.#question === question) this.#question = null;
      });
  }

  #put(question: Question, actions: readonly (readonly number[])[]): void {
    // Of an episode that has ended.
    if (this.#question !== question) return;
    const { step, delay, waitsSince } = question;
    this.#queue.put(actions, step, delay);
    this.#dueFrom = this.#nextDue ?? step;
    this.#lastAsked = step;
    this.#count("chunks");
    const waitedMs = waitsSince === null ? 0 : performance.now() - waitsSince;
    const waitedSteps = Math.ceil((waitedMs / 1000) * this.#source.metadata.stepsPerSecond);
    this.#measured?.took(this.#queue.step - step + waitedSteps);
  }

  #show(observation: Observation): void {
    this.#source.see(observation).catch((error: unknown) => this.#fail(error));
  }

  #fail(error: unknown): void {
    this.#failure = { error };
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
