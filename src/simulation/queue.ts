/** When a robot asks for actions, and which of them it carries out. */
export interface Pace {
  /** Steps that are carried out of each chunk. */
  readonly execute: number;
  /** Steps that pass between a question and the first action of its answer. */
  readonly delay: number;
}

/** Everything about a pace that does not go with chunks of so many steps; empty where all does. */
export function paceProblems(pace: Pace, horizon: number): string[] {
  const { execute, delay } = pace;
  return [
    ...(delay > execute
      ? [`delay: expected at most the ${execute} steps of execute, one question at a time, got ${delay}`]
      : []),
    ...(stepsUsed(pace) > horizon
      ? [`execute and delay: expected at most the ${horizon} steps of a chunk together, got ${execute} + ${delay}`]
      : []),
  ];
}

/** How many steps of a chunk are carried out or left out as past; what comes after them nobody asks for. */
export function stepsUsed({ execute, delay }: Pace): number {
  return delay + execute;
}

/**
 * The actions of one robot, step by step.
 *
 * A chunk's step 0 is the step at which it was asked for. Every `execute` steps the robot goes over to the next chunk, which it
 * asked for `delay` steps earlier; what lies before is left out. It begins when its first chunk is there.
 */
export class ActionQueue {
  readonly #pace: Pace;
  #step = 0;
  /** The chunk that is carried out, then those on their way. */
  #chunks: readonly Asked[] = [];

  constructor(pace: Pace) {
    this.#pace = pace;
  }

  /** Whether it is time to ask. */
  get asks(): boolean {
    const { execute, delay } = this.#pace;
    return this.#step === 0 || (this.#step + delay) % execute === 0;
  }

  /** Takes the answer to the question of this step. */
  put(actions: readonly (readonly number[])[]): void {
    this.#chunks = [...this.#chunks, { actions, step: this.#step }];
  }

  /**
   * The action of this step; the next step begins.
   *
   * @throws RangeError where the chunk has no such step
   */
  take(): readonly number[] {
    const { execute, delay } = this.#pace;
    if (this.#step % execute === 0) {
      const due = this.#chunks.findLastIndex(({ step }) => step + delay <= this.#step);
      this.#chunks = this.#chunks.slice(Math.max(due, 0));
    }
    const { actions, step } = this.#chunks[0] ?? nothing;
    const action = actions[this.#step - step];
    if (action === undefined)
      throw new RangeError(`take: expected step ${this.#step - step} of a chunk, got one of ${actions.length} steps`);
    this.#step++;
    return action;
  }
}

/** A chunk, and the step at which it was asked for. */
interface Asked {
  readonly actions: readonly (readonly number[])[];
  readonly step: number;
}

const nothing: Asked = { actions: [], step: 0 };
