import { type SymbolicArray, sizeOf } from "../../graph/array.ts";
import { rename } from "../../graph/op/shape.ts";
import type { Scope } from "../../nn/parameter.ts";
import type { Rules } from "../../validity/rules.ts";
import { SymbolicPadded } from "../../validity/symbolic.ts";
import type { Facts, Observation } from "../inputs.ts";
import { everyToken, type Segment, type Sight } from "../stream.ts";
import type { ActionSteps } from "./form.ts";

/**
 * Tokens `[b n e]` of the robot's state, one per observation slot, as a segment.
 *
 * Slots that may be read are real: the state now always is, also where history was dropped (OpenTau#253).
 */
export function stateTokens(scope: Scope, tokens: SymbolicArray<"b n e">, { readable }: Observation): Segment {
  const real = readable.reshaped((bits) => rename(bits, "o", "n"));
  return {
    name: "state",
    tokens: SymbolicPadded.of(scope.watch("tokens", tokens, real), real),
    keys: scope.rules.keeps("history-state") ? real : everyToken(tokens),
    sight: "within",
  };
}

/**
 * Tokens `[b n e]` of actions, one per step, as a segment.
 *
 * A causal step reads earlier ones alone, which exist where it does: nothing has to be hidden from it, and nothing tells it where the
 * episode ends. Where every step reads every other, those past the end are no keys, unless weights were trained so.
 *
 * @param open how the segment stands to the one before it where steps read each other both ways
 */
export function actionTokens(
  scope: Scope,
  tokens: SymbolicArray<"b n e">,
  { stepReal }: Facts,
  { open, ...steps }: ActionSteps & { readonly open: Exclude<Sight, "causal"> },
): Segment {
  const real = stepReal.reshaped((bits) => rename(bits, "t", "n"));
  const padded = SymbolicPadded.of(scope.watch("tokens", tokens, real), real);
  if (readsEarlierOnly(scope.rules, steps))
    return { name: "actions", tokens: padded, keys: everyToken(tokens), sight: "causal" };
  const isHidden = steps.pastEnd === "hidden" && scope.rules.keeps("step-keys");
  return { name: "actions", tokens: padded, keys: isHidden ? real : everyToken(tokens), sight: open };
}

/** Whether what a step computes leaves open how many come after it. */
export function readsEarlierOnly(rules: Rules, { actionSight }: ActionSteps): boolean {
  return actionSight === "causal" && rules.keeps("step-order");
}

/**
 * How many steps of a chunk come after those that are computed.
 *
 * @param noisy `[b t d]`, of all steps or of the first ones
 * @throws RangeError where there are more than the horizon has, or first ones without the later ones that they read
 */
export function laterSteps({ rules }: Scope, steps: ActionSteps, noisy: SymbolicArray<"b t d">): number {
  const [{ horizon }, computed] = [steps, sizeOf(noisy, "t")];
  const fewest = readsEarlierOnly(rules, steps) ? 1 : horizon;
  if (computed < fewest || computed > horizon)
    throw new RangeError(`actions: expected ${fewest} to ${horizon} steps, got ${computed}`);
  return horizon - computed;
}

/** For maps from slots of state or action: a deviation that does not depend on how wide they are padded. */
export const slotInitial = { kind: "normal", deviation: 0.2 } as const;
