import { InputError } from "../input-error.ts";
import { findRobot } from "../simulation/robots.ts";
import type { Plan } from "../training/plan.ts";
import type { OpenStepRollouts, StepRollout } from "../training/step-rollouts.ts";
import type { FoundPolicy } from "./load.ts";
import { plannedRobots } from "./robot.ts";
import { planRollout, type RolloutChoice, rollOutFound } from "./roll-out.ts";

/** The rollouts that `rollout.everySteps` of a recipe asks for. */
export const openStepRollouts: OpenStepRollouts = (plan) => {
  const choices = choicesOf(plan);
  // What does not fit is told before the first step.
  for (const choice of choices) planRollout(plannedPolicy(plan, 0), choice);
  return {
    play: async (weights, step, seen) => {
      const policy = plannedPolicy(plan, step);
      const total = choices.reduce((sum, { episodes }) => sum + episodes, 0);
      const found: StepRollout[] = [];
      let done = 0;
      for (const choice of choices) {
        const finished = () => seen(++done, total);
        const { robot, score, successes } = await rollOutFound(policy, weights, choice, { finished, isStopped });
        if (score === null) continue;
        const { name } = choice.design;
        found.push({ robot: name, dataset: robot.dataset, episodes: choice.episodes, successes, ...score });
      }
      return found;
    },
  };
};

const isStopped = () => false;

function choicesOf({ recipe: { rollout } }: Plan): RolloutChoice[] {
  if (rollout === undefined) throw new InputError("rollout: expected what to roll out, got a recipe without");
  const { robots, episodes, seed, execute, delay, sideBySide } = rollout;
  return robots.map(({ name, dataset }) => ({
    design: findRobot(name),
    dataset,
    episodes,
    seed,
    execute,
    delay,
    sideBySide,
    options: (fitting) => fitting,
    films: null,
  }));
}

/** The policy of a plan whose weights are at hand; none of a checkpoint are. */
export function plannedPolicy(plan: Plan, step: number): FoundPolicy {
  const { recipe } = plan;
  const { name, device, threads } = recipe;
  const machine = { device, threads };
  return { checkpoint: `${name}, step ${step}`, step, recipe, robots: plannedRobots(plan), machine };
}
