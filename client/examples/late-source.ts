import type { ActionSource } from "../action-stream.ts";
import type { PolicyMetadata } from "../metadata.ts";
import type { Course, Observation } from "../observation.ts";
import type { PolicyAnswer } from "../policy-client.ts";

/** An answer that is under way. */
interface Late {
  stepsLeft: number;
  readonly answer: Promise<PolicyAnswer>;
  readonly arrived: PromiseWithResolvers<void>;
}

/**
 * A source whose answers come when the robot has carried out so many steps: in a simulator no time passes between question and answer, on a
 * robot it does. An episode's first answer, for which a robot waits, comes at once.
 */
export class LateSource implements ActionSource {
  readonly metadata: PolicyMetadata;
  readonly #source: ActionSource;
  readonly #steps: number;
  readonly #late: Late[] = [];
  #hasAsked = false;

  /** @param steps fewer than a chunk has left when the next one is asked for: a robot that has no action left never carries one out */
  constructor(source: ActionSource, steps: number) {
    this.metadata = source.metadata;
    this.#source = source;
    this.#steps = steps;
  }

  async see(observation: Observation): Promise<void> {
    await this.#source.see(observation);
  }

  async infer(observation: Observation, course: Course | null = null): Promise<PolicyAnswer> {
    const answer = this.#source.infer(observation, course);
    const isFirst = !this.#hasAsked;
    this.#hasAsked = true;
    // It is told once it has arrived.
    answer.catch(() => {});
    if (!isFirst && this.#steps > 0) {
      const arrived = Promise.withResolvers<void>();
      this.#late.push({ stepsLeft: this.#steps, answer, arrived });
      await arrived.promise;
    }
    return await answer;
  }

  /** An episode begins. */
  reset(): void {
    this.#hasAsked = false;
    for (const { arrived } of this.#late.splice(0)) arrived.resolve();
  }

  /** The robot has carried out a step; what is due by then is there. */
  async stepped(): Promise<void> {
    for (const late of this.#late) late.stepsLeft--;
    while (this.#late[0]?.stepsLeft === 0) {
      const { answer, arrived } = this.#late.shift()!;
      await answer.catch(() => {});
      arrived.resolve();
    }
    // What has arrived is taken in before the next step.
    await new Promise((settle) => setImmediate(settle));
  }
}
