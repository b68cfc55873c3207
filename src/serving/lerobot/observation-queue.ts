/** What of an observation decides whether it is answered. */
export interface QueuedObservation {
  readonly timestep: number;
  readonly mustGo: boolean;
  readonly state: Float64Array;
}

/** Time steps that are remembered; a robot's only grow, so that older ones do not come again. */
const remembered = 1024;
/** Distance of states, in the robot's own units, below which two observations are similar. */
const similar = 1;

/**
 * Which observations of a robot are answered: the last that came, unless its time step was answered before or its state is close to that of
 * the last one that was answered; one that has to go is answered in any case.
 *
 * An answer that failed is owed: LeRobot's client says only once that it has to go, so that a robot would stand still for good.
 *
 * @source LeRobot 0.6.1 `async_inference/policy_server.py`, `_enqueue_observation` and `_obs_sanity_checks`
 */
export class ObservationQueue<Observation extends QueuedObservation> {
  #next: Observation | null = null;
  #last: Observation | null = null;
  readonly #answered = new Set<number>();
  #isOwed = false;

  /** The observation that waits; `null` where none does. */
  get waiting(): Observation | null {
    return this.#next;
  }

  /** Whether an observation is taken in; one that waited before it is dropped. */
  offer(observation: Observation): boolean {
    if (!this.#goes(observation)) return false;
    this.#next = observation;
    return true;
  }

  /** The observation to answer, which is remembered; `null` where none waits. */
  take(): Observation | null {
    const taken = this.#next;
    if (taken === null) return null;
    this.#next = null;
    this.#last = taken;
    this.#answered.add(taken.timestep);
    const [oldest] = this.#answered;
    if (this.#answered.size > remembered && oldest !== undefined) this.#answered.delete(oldest);
    this.#isOwed = false;
    return taken;
  }

  /** An observation, or its answer, was refused: the next one is answered. */
  owe(): void {
    this.#isOwed = true;
  }

  #goes({ mustGo, timestep, state }: Observation): boolean {
    if (mustGo || this.#isOwed || this.#last === null) return true;
    return !this.#answered.has(timestep) && distance(state, this.#last.state) >= similar;
  }
}

function distance(one: Float64Array, other: Float64Array): number {
  return Math.sqrt(one.reduce((sum, value, at) => sum + (value - other[at]!) ** 2, 0));
}
