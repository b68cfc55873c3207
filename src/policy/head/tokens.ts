import { type SymbolicArray, sizeOf } from "../../graph/array.ts";
import { rename } from "../../graph/op/shape.ts";
import { linear } from "../../nn/linear.ts";
import type { Scope } from "../../nn/parameter.ts";
import { SymbolicPadded } from "../../validity/symbolic.ts";
import type { Observation, SymbolicFacts } from "../inputs.ts";
import type { Segment, Sight } from "../segment.ts";
import type { ActionSteps } from "./form.ts";

/**
 * Tokens `[b n e]` of the robot's state, one per observation slot, as a segment.
 *
 * Slots that may be read are real: the state now always is, also where history was dropped (OpenTau#253).
 */
export function stateTokens(tokens: SymbolicArray<"b n e">, { readable }: Observation): Segment {
  const real = readable.reshaped((bits) => rename(bits, "o", "n"));
  return { name: "state", tokens: SymbolicPadded.of(tokens, real), keys: "real", sight: "within" };
}

/** The robot's state by one map, as a segment. */
export function stateSegment(scope: Scope, width: number, observation: Observation): Segment {
  const slots = rename(observation.state.selected(0), "o", "n");
  const wide = { from: "s", to: "e", sizes: [width], bias: "zero", initial: slotInitial } as const;
  return stateTokens(linear(scope, slots, wide), observation);
}

/**
 * Tokens `[b n e]` of actions, one per step, as a segment. Steps past the episode's end do not exist; weights may know them all the same.
 *
 * @param open how the segment stands to the one before it where steps read each other both ways
 */
export function actionTokens(
  tokens: SymbolicArray<"b n e">,
  { stepReal }: SymbolicFacts,
  { open, actionSight, pastEnd }: ActionSteps & { readonly open: Exclude<Sight, "causal"> },
): Segment {
  const real = stepReal.reshaped((bits) => rename(bits, "t", "n"));
  return {
    name: "actions",
    tokens: SymbolicPadded.of(tokens, real),
    keys: pastEnd === "hidden" ? "real" : "every",
    sight: actionSight === "causal" ? "causal" : open,
  };
}

/**
 * How many steps of a chunk come after those that are computed.
 *
 * @param noisy `[b t d]`, of all steps or of the first ones
 * @throws RangeError where there are more than the horizon has, or first ones without the later ones that they read
 */
export function laterSteps({ horizon, actionSight }: ActionSteps, noisy: SymbolicArray<"b t d">): number {
  const computed = sizeOf(noisy, "t");
  const fewest = actionSight === "causal" ? 1 : horizon;
  if (computed < fewest || computed > horizon)
    throw new RangeError(`actions: expected ${fewest} to ${horizon} steps, got ${computed}`);
  return horizon - computed;
}

/** For maps from slots of state or action: a deviation that does not depend on how wide they are padded. */
export const slotInitial = { kind: "normal", deviation: 0.2 } as const;
