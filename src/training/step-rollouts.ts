import { InputError } from "../input-error.ts";
import type { ParameterValues } from "../nn/parameter.ts";
import type { Plan } from "./plan.ts";

/** How the weights of a step did in closed loop with one robot. */
export interface StepRollout {
  /** The simulated robot, and the dataset whose robot it is. */
  readonly robot: string;
  readonly dataset: string;
  readonly episodes: number;
  readonly successes: number;
  readonly successRate: number;
  /** 95 % confidence. */
  readonly interval: readonly [low: number, high: number];
  readonly meanSteps: number;
}

/** Lets a policy steer simulated robots while it trains; nothing of the training depends on it. */
export interface StepRollouts {
  /** @param seen told how many episodes are done, and of how many */
  play(
    weights: ParameterValues,
    step: number,
    seen: (done: number, total: number) => void,
  ): Promise<readonly StepRollout[]>;
}

/**
 * Opens the rollouts of a plan whose recipe asks for them.
 *
 * @throws InputError where a robot is unknown or none of the plan fits it
 */
export type OpenStepRollouts = (plan: Plan) => StepRollouts;

/** For those who train without simulated robots. @throws InputError always */
export const refuseStepRollouts: OpenStepRollouts = () => {
  throw new InputError("rollout: expected none, since this caller brings no robots; give train an openRollouts");
};
