import type { Entry } from "../embodiment/embodiment.ts";
import { InputError } from "../input-error.ts";
import type { Member } from "../mixture/mixture.ts";
import type { BatchLayout } from "./layout.ts";

/**
 * Refuses a mixture with a robot wider than the policy, before anything is loaded.
 *
 * @throws InputError naming each robot and both sizes
 */
export function refuseWiderRobots(layout: Pick<BatchLayout, "actionWidth" | "stateWidth">, members: readonly Member[]) {
  const problems = members.flatMap(({ name, embodiment }) => [
    ...tooWide(`${name}: action slots`, embodiment.dofs, layout.actionWidth),
    ...tooWide(`${name}: state slots`, embodiment.states, layout.stateWidth),
  ]);
  if (problems.length > 0)
    throw new InputError(`${problems.join("; ")}; widen policy.actionWidth or policy.stateWidth`);
}

function tooWide(what: string, entries: readonly Entry[], limit: number): string[] {
  const needed = 1 + Math.max(-1, ...entries.map(({ slot }) => slot));
  return needed > limit ? [`${what}: the policy has ${limit}, this needs ${needed}`] : [];
}
