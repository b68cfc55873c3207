import type { World } from "../ranks/world.ts";
import type { Plan } from "../recipe/plan.ts";
import type { Observer, ObserverKind } from "../training/observer.ts";
import { type ActingState, actingWeights } from "../training/weights.ts";
import { plannedPolicy } from "./load.ts";
import { planRollout, type RolloutChoice, rollOutFound } from "./roll-out.ts";
import { rolloutChoices } from "./rollout-choice.ts";

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

/** Shows the rollouts that run inside training. */
export interface RolloutDisplay {
  /** Told how many episodes are done, and of how many. */
  rollingOut(episodes: number, total: number): void;
  rolledOut(step: number, rollouts: readonly StepRollout[]): void;
}

/**
 * The rollouts inside training that `rollout.everySteps` of a recipe asks for; they run at rank 0.
 *
 * A request to stop waits until they have ended, so that a resumed run has the same events as an uninterrupted one.
 */
export function rolloutObserver(display: RolloutDisplay): ObserverKind {
  return {
    key: "rollout",
    open: async (plan, world) => openRollouts(plan, display, world),
  };
}

function openRollouts(plan: Plan, display: RolloutDisplay, world: World): Observer {
  const choices = rolloutChoices(plan.recipe);
  // What does not fit is told before the first step.
  for (const choice of choices) planRollout(plannedPolicy(plan, 0), choice);
  return {
    everySteps: plan.recipe.rollout?.everySteps ?? 0,
    looksAtLast: true,
    look: async (state) => {
      if (world.rank > 0) return { events: [], problem: null };
      const found = await playAll(plan, choices, state, display);
      display.rolledOut(state.step, found);
      const events = found.map((rollout) => {
        return { kind: "rollout", step: state.step, ...rollout, interval: [...rollout.interval] };
      });
      return { events, problem: null };
    },
    close: async () => {},
  };
}

async function playAll(
  plan: Plan,
  choices: readonly RolloutChoice[],
  state: ActingState,
  display: RolloutDisplay,
): Promise<StepRollout[]> {
  const policy = plannedPolicy(plan, state.step);
  const weights = actingWeights(state, plan.recipe.validation.weights);
  const total = choices.reduce((sum, { episodes }) => sum + episodes, 0);
  const found: StepRollout[] = [];
  let done = 0;
  for (const choice of choices) {
    const finished = () => display.rollingOut(++done, total);
    const { robot, score, successes } = await rollOutFound(policy, weights, choice, { finished, isStopped });
    if (score === null) continue;
    const { name } = choice.design;
    found.push({ robot: name, dataset: robot.dataset, episodes: choice.episodes, successes, ...score });
  }
  return found;
}

const isStopped = () => false;
