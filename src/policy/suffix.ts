import { type SymbolicArray, sizeOf } from "../graph/array.ts";
import { silu } from "../graph/op/activation.ts";
import { concat, rename } from "../graph/op/shape.ts";
import { linear } from "../nn/linear.ts";
import type { Scope } from "../nn/parameter.ts";
import { SymbolicPadded, SymbolicValidity } from "../validity/symbolic.ts";
import type { Facts, Observation } from "./inputs.ts";
import { everyToken, type Segment, type Sight } from "./stream.ts";

/** One token per observation slot that may be read: a robot's state now always is, also where history was dropped. */
export function stateSegment(scope: Scope, width: number, observation: Observation): Segment {
  const tokens = linear(scope, rename(observation.state.selected(0), "o", "n"), {
    from: "s",
    to: "e",
    sizes: [width],
    bias: "zero",
    initial: inputInitial,
  });
  return stateTokens(scope, tokens, observation);
}

/** Tokens `[b n e]` of the robot's state, one per observation slot, as a segment. */
export function stateTokens(scope: Scope, tokens: SymbolicArray<"b n e">, { readable, facts }: Observation): Segment {
  const real = readable.reshaped((bits) => rename(bits, "o", "n"));
  const shown = SymbolicValidity.every("b n", tokens.shape.slice(0, 2), [everyToken(tokens), facts.rowReal]);
  return {
    name: "state",
    tokens: SymbolicPadded.of(scope.watch("tokens", tokens, real), real),
    keys: scope.rules.keeps("history-state") ? real : shown,
    sight: "within",
  };
}

/**
 * One token per action step: the noisy actions and the time of the flow, joined by a small network.
 *
 * @param noisy `[b t d]`, unreal cells already 0
 * @param timeEmbedding `[b t e]`, see `embedTime`
 * @source openpi `pi0.py` `embed_suffix`
 */
export function actionSegment(
  scope: Scope,
  noisy: SymbolicArray<"b t d">,
  timeEmbedding: SymbolicArray<"b t e">,
  facts: Facts,
): Segment {
  const width = sizeOf(timeEmbedding, "e");
  const square = { from: "e", to: "e", sizes: [width], bias: "zero", initial: "fan-in" } as const;
  const action = linear(scope.in("in"), noisy, {
    from: "d",
    to: "e",
    sizes: [width],
    bias: "zero",
    initial: inputInitial,
  });
  const joined = linear(scope.in("time.in"), concat("e", [action, timeEmbedding]), square);
  const tokens = linear(scope.in("time.out"), silu(joined), square);
  return actionTokens(scope, rename(tokens, "t", "n"), facts, "within");
}

/** Tokens `[b n e]` of actions, one per step, as a segment: steps past an episode's end are no keys. */
export function actionTokens(
  scope: Scope,
  tokens: SymbolicArray<"b n e">,
  { stepReal, targetReal, rowReal }: Facts,
  sight: Sight,
): Segment {
  const shape = tokens.shape.slice(0, 2);
  const steps = stepReal.reshaped((bits) => rename(bits, "t", "n"));
  const real = SymbolicValidity.every("b n", shape, [steps, targetReal, rowReal]);
  const shown = SymbolicValidity.every("b n", shape, [everyToken(tokens), targetReal, rowReal]);
  return {
    name: "actions",
    tokens: SymbolicPadded.of(scope.watch("tokens", tokens, real), real),
    keys: scope.rules.keeps("step-keys") ? real : shown,
    sight,
  };
}

/** A deviation that does not depend on how wide the slots are padded. */
export const inputInitial = { kind: "normal", deviation: 0.2 } as const;
