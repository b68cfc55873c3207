import { InputError } from "../input-error.ts";
import type { World } from "../ranks/world.ts";
import type { Plan } from "../recipe/plan.ts";
import type { Recipe } from "../recipe/schema.ts";
import type { RunEvent } from "./event-log.ts";
import type { ActingState } from "./weights.ts";

/** What an observer found of the weights of a step. */
export interface ObserverReport {
  readonly events: readonly RunEvent[];
  /** Why training must not go on; `null` where it may. */
  readonly problem: InputError | null;
}

/**
 * Evaluates the weights of some steps while a policy trains, as audits and rollouts do; no number of the training depends on it. All ranks have
 * the same observers: they meet before each look.
 */
export interface Observer {
  /** Steps between two evaluations. */
  readonly everySteps: number;
  /** Whether the last step is evaluated in any case. */
  readonly looksAtLast: boolean;
  look(state: ActingState): Promise<ObserverReport>;
  close(): Promise<void>;
}

/** What a recipe may ask for: the key whose `everySteps` is above 0. */
export type ObservedKey = "audit" | "rollout";

/** A kind of observer, opened where a recipe asks for it. */
export interface ObserverKind {
  readonly key: ObservedKey;
  /**
   * @throws InputError where it cannot look at this plan: told before the first step
   */
  open(plan: Plan, world: World): Promise<Observer>;
}

/** Opens the observers that the recipe asks for. @throws InputError where the caller brings none of that kind, or where one of them does */
export async function openObservers(kinds: readonly ObserverKind[], plan: Plan, world: World): Promise<Observer[]> {
  const opened: Observer[] = [];
  try {
    for (const key of askedFor(plan.recipe)) {
      const kind = kinds.find((one) => one.key === key);
      if (kind === undefined)
        throw new InputError(
          `${key}.everySteps: expected 0, since this caller brings no observer of "${key}"; give train one`,
        );
      opened.push(await kind.open(plan, world));
    }
    return opened;
  } catch (error) {
    await closeObservers(opened);
    throw error;
  }
}

export async function closeObservers(observers: readonly Observer[]): Promise<void> {
  for (const observer of observers) await observer.close();
}

function askedFor({ audit, rollout }: Recipe): ObservedKey[] {
  const keys: readonly [ObservedKey, number][] = [
    ["audit", audit.everySteps],
    ["rollout", rollout?.everySteps ?? 0],
  ];
  return keys.flatMap(([key, everySteps]) => (everySteps > 0 ? [key] : []));
}
