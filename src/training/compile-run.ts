import type { Shaping } from "../batch/shape.ts";
import type { ParameterForm } from "../nn/parameter.ts";
import type { World } from "../ranks/world.ts";
import { groupNamesOf, type Plan, settingOf, targetOf, termsOf } from "../recipe/plan.ts";
import type { Recipe } from "../recipe/schema.ts";
import { trainedBy } from "./begin.ts";
import type { RunState } from "./run-state.ts";
import { type Trainer, trainerFrom } from "./trainer.ts";
import { Validator } from "./validator.ts";

/** What a run computes, and where. */
export interface Computing {
  readonly plan: Plan;
  /** `null`: every row has the recipe's one shape. */
  readonly shaping: Shaping | null;
  readonly world: World;
}

export async function compileValidator({ plan, shaping, world }: Computing): Promise<Validator> {
  const { recipe } = plan;
  const setting = settingOf(plan, recipe.validation.microBatch);
  return await Validator.compile({
    setting,
    ...(shaping === null ? { firstShape: setting.layout } : {}),
    terms: termsOf(plan),
    names: groupNamesOf(plan),
    machine: machineOf(recipe),
    world,
  });
}

/**
 * Takes over the state.
 *
 * @param parameters of the policy
 * @throws InputError where the recipe trains nothing
 */
export async function compileTrainer(
  { plan, shaping, world }: Computing,
  state: RunState,
  parameters: readonly ParameterForm[],
): Promise<Trainer> {
  const { recipe } = plan;
  const setting = settingOf(plan, recipe.batch.microBatch);
  const trained = trainedBy(recipe, parameters);
  return await trainerFrom(state, {
    setting,
    ...(shaping === null ? { firstShape: setting.layout } : {}),
    optimizer: recipe.optimizer,
    terms: termsOf(plan),
    target: targetOf(plan, "training"),
    trains: (name) => trained.has(name),
    frozen: new Map([...state.parameters].filter(([name]) => !trained.has(name))),
    recompute: recipe.batch.recompute ?? "nothing",
    machine: { ...machineOf(recipe), precision: recipe.precision ?? "float32" },
    world,
  });
}

export function machineOf({ device, threads }: Recipe) {
  return { device, threads };
}
