import { InputError } from "../src/input-error.ts";
import type { Observation } from "./observation.ts";
import type { PolicyAnswer, PolicyClient } from "./policy-client.ts";

/** One action of an answer, and what the answer says beside its actions. */
export interface BrokeredAction extends Omit<PolicyAnswer, "actions"> {
  readonly action: readonly number[];
}

/**
 * A policy's chunks, handed out one action at a time, as openpi's class of this name does it: only when so many steps of a chunk are used up is
 * the policy asked again, with the observation of that step, and the robot waits. `ActionStream` asks ahead instead.
 *
 * @source openpi-client 0.1.2 `action_chunk_broker.py`
 */
export class ActionChunkBroker {
  readonly #policy: Pick<PolicyClient, "infer">;
  readonly #actionHorizon: number;
  #answer: PolicyAnswer | null = null;
  #step = 0;
  #begins = false;

  /** @param actionHorizon steps of each chunk that are handed out */
  constructor(policy: Pick<PolicyClient, "infer">, actionHorizon: number) {
    if (!Number.isInteger(actionHorizon) || actionHorizon < 1)
      throw new InputError(`actionHorizon: expected a whole number of steps from 1, got ${actionHorizon}`);
    this.#policy = policy;
    this.#actionHorizon = actionHorizon;
  }

  /**
   * The next action; one call at a time.
   *
   * @param observation read only where the policy is asked
   * @throws RangeError where the horizon is longer than a chunk, at each step that it does not have; what a question failed with
   */
  async infer(observation: Observation): Promise<BrokeredAction> {
    this.#answer ??= await this.#ask(observation);
    const { actions, ...rest } = this.#answer;
    const action = actions[this.#step];
    if (action === undefined)
      throw new RangeError(`infer: expected step ${this.#step} of a chunk, got one of ${actions.length} steps`);
    this.#step++;
    if (this.#step >= this.#actionHorizon) this.#answer = null;
    return { ...rest, action };
  }

  /** What is left of the chunk is dropped, and the next question begins an episode: history and noise begin anew. */
  reset(): void {
    this.#answer = null;
    this.#begins = true;
  }

  async #ask(observation: Observation): Promise<PolicyAnswer> {
    const answer = await this.#policy.infer(this.#begins ? { ...observation, reset: true } : observation);
    this.#begins = false;
    this.#step = 0;
    return answer;
  }
}
