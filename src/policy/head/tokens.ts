import type { SymbolicArray } from "../../graph/array.ts";
import { rename } from "../../graph/op/shape.ts";
import type { Scope } from "../../nn/parameter.ts";
import { SymbolicPadded } from "../../validity/symbolic.ts";
import type { Facts, Observation } from "../inputs.ts";
import { everyToken, type Segment, type Sight } from "../stream.ts";
import type { PastEndKeys } from "./form.ts";

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

/** Tokens `[b n e]` of actions, one per step, as a segment: steps past an episode's end are no keys, unless weights were trained so. */
export function actionTokens(
  scope: Scope,
  tokens: SymbolicArray<"b n e">,
  { stepReal }: Facts,
  { sight, pastEndKeys }: { readonly sight: Sight; readonly pastEndKeys: PastEndKeys },
): Segment {
  const real = stepReal.reshaped((bits) => rename(bits, "t", "n"));
  return {
    name: "actions",
    tokens: SymbolicPadded.of(scope.watch("tokens", tokens, real), real),
    keys: pastEndKeys === "hidden" && scope.rules.keeps("step-keys") ? real : everyToken(tokens),
    sight,
  };
}

/** For maps from slots of state or action: a deviation that does not depend on how wide they are padded. */
export const slotInitial = { kind: "normal", deviation: 0.2 } as const;
