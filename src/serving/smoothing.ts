import type { ActionChunk } from "./action.ts";
import type { ActionRows } from "./limit.ts";
import type { ServedRobot } from "./robot.ts";

/** How actions that several chunks have for one step are averaged. */
export interface SmoothingChoice {
  /** `m` of the weights exp(−m·i): of the chunks that have the step, `i` is 0 for the oldest. 0: all weigh the same. */
  readonly decay: number;
  /** Whether grippers are averaged as well: half open is often what no chunk meant. */
  readonly grippers: boolean;
}

/** A chunk as the policy gave it. */
type GivenChunk = Pick<ActionChunk, "actions" | "saidSteps">;

/** Of a chunk that a robot was sent, what the policy said. */
interface Overlapping {
  readonly actions: ActionRows;
  /** The robot's step that its first action is for. */
  readonly begin: number;
}

/**
 * The chunks of a session that overlap, averaged step by step.
 *
 * @source ACT (arXiv:2304.13705) § IV, "temporal ensembling"; `imitate_episodes.py`, where `m` is 0.01
 */
export class TemporalEnsemble {
  readonly #decay: number;
  /** By dof. */
  readonly #averages: readonly boolean[];
  /** Oldest first. */
  #chunks: readonly Overlapping[] = [];

  constructor({ decay, grippers }: SmoothingChoice, { embodiment }: Pick<ServedRobot, "embodiment">) {
    this.#decay = decay;
    this.#averages = embodiment.dofs.map(({ kind }) => grippers || kind === "continuous");
  }

  /**
   * The actions of a chunk, averaged with those before it; an answer that is no chunk says nothing that could be averaged.
   *
   * @param steps from the last chunk that was kept to this one
   */
  smoothed({ actions, saidSteps }: GivenChunk, steps: number): ActionRows {
    if (saidSteps === 0) return actions;
    const begin = this.#begin(steps);
    return actions.map((newest, at) => {
      const found = this.#chunks.flatMap((chunk) => {
        const action = chunk.actions[begin + at - chunk.begin];
        return action === undefined ? [] : [action];
      });
      return newest.map((own, dof) => (this.#averages[dof] === true ? this.#mean([...found, newest], dof) : own));
    });
  }

  /** Keeps a chunk; see `smoothed`. */
  keep({ actions, saidSteps }: GivenChunk, steps: number): void {
    const begin = this.#begin(steps);
    const reaching = this.#chunks.filter((chunk) => chunk.begin + chunk.actions.length > begin);
    this.#chunks = [...reaching, { actions: actions.slice(0, saidSteps), begin }];
  }

  /** Begins anew. */
  reset(): void {
    this.#chunks = [];
  }

  #begin(steps: number): number {
    return (this.#chunks.at(-1)?.begin ?? 0) + steps;
  }

  #mean(actions: ActionRows, dof: number): number {
    let [sum, weights] = [0, 0];
    for (const [age, action] of actions.entries()) {
      const weight = Math.exp(-this.#decay * age);
      sum += weight * action[dof]!;
      weights += weight;
    }
    return sum / weights;
  }
}
