/** How a robot carries out action chunks. */
export interface ChunkExecution {
  /** Execution horizon: steps that are carried out of each chunk. */
  readonly execute: number;
  /** Inference delay: steps from the request for a chunk to the first action of it that is carried out. */
  readonly delay: number;
}

/** Why chunks of so many steps cannot be carried out so; empty where they can. */
export function executionProblems(execution: ChunkExecution, horizon: number): string[] {
  const { execute, delay } = execution;
  return [
    ...(delay > execute
      ? [`delay: expected at most the ${execute} steps of execute, one question at a time, got ${delay}`]
      : []),
    ...(stepsUsed(execution) > horizon
      ? [`execute and delay: expected at most the ${horizon} steps of a chunk together, got ${execute} + ${delay}`]
      : []),
  ];
}

/** Steps of a chunk that are past when it arrives, and those that are carried out: no later step has to be computed. */
export function stepsUsed({ execute, delay }: ChunkExecution): number {
  return delay + execute;
}

/**
 * The actions of one robot, step by step.
 *
 * Step 0 of a chunk is the step at which it was requested. Every `execute` steps the robot goes over to the next chunk, which it
 * requested `delay` steps earlier, and skips the chunk's steps that are past; to a chunk that comes later than that, as soon as it is there.
 * The first step waits for the first chunk.
 */
export class ActionQueue {
  readonly #execution: ChunkExecution;
  #step = 0;
  /** The chunk that is carried out, then those on their way. */
  #chunks: readonly Asked[] = [];

  constructor(execution: ChunkExecution) {
    this.#execution = execution;
  }

  /** Whether a chunk has to be requested at this step. */
  get asks(): boolean {
    const { execute, delay } = this.#execution;
    return this.#step === 0 || (this.#step + delay) % execute === 0;
  }

  /** Steps that were carried out, which is the number of the step that comes. */
  get step(): number {
    return this.#step;
  }

  /** Whether a chunk has an action for this step. */
  get hasAction(): boolean {
    const { actions, step } = this.#current();
    return this.#step - step < actions.length;
  }

  /** Takes the chunk that was requested at a step, this one if none is given, to be gone over to so many steps later. */
  put(actions: readonly (readonly number[])[], step = this.#step, delay = this.#execution.delay): void {
    this.#chunks = [...this.#chunks, { actions, step, delay }];
  }

  /**
   * The action of this step; the next step begins.
   *
   * @throws RangeError where the chunk has no such step
   */
  take(): readonly number[] {
    const { actions, step } = this.#current();
    const action = actions[this.#step - step];
    if (action === undefined)
      throw new RangeError(`take: expected step ${this.#step - step} of a chunk, got one of ${actions.length} steps`);
    this.#step++;
    return action;
  }

  /** The newest chunk that is due, which may have come late; those before it are dropped. */
  #current(): Asked {
    const due = this.#chunks.findLastIndex(({ step, delay }) => step + delay <= this.#step);
    this.#chunks = this.#chunks.slice(Math.max(due, 0));
    return this.#chunks[0] ?? nothing;
  }
}

/** A chunk, the step at which it was requested, and how much later it is due. */
interface Asked {
  readonly actions: readonly (readonly number[])[];
  readonly step: number;
  readonly delay: number;
}

const nothing: Asked = { actions: [], step: 0, delay: 0 };
