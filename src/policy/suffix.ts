import { type SymbolicArray, sizeOf } from "../graph/array.ts";
import { silu } from "../graph/op/activation.ts";
import { concat, rename } from "../graph/op/shape.ts";
import { linear } from "../nn/linear.ts";
import type { Scope } from "../nn/parameter.ts";
import { SymbolicPadded, SymbolicValidity } from "../validity/symbolic.ts";
import type { Facts, Observation } from "./inputs.ts";
import type { Segment } from "./stream.ts";

/** One token per observation slot; only "now" where history was dropped. A robot's state now is always real. */
export function stateSegment(scope: Scope, width: number, { state, facts }: Observation): Segment {
  const tokens = linear(scope, rename(state.selected(0), "o", "n"), {
    from: "s",
    to: "e",
    sizes: [width],
    bias: "zero",
    initial: inputInitial,
  });
  const real = facts.historyReal.reshaped((bits) => rename(bits, "o", "n"));
  return {
    name: "state",
    tokens: SymbolicPadded.of(tokens, SymbolicValidity.every("b n", tokens.shape.slice(0, 2), [real, facts.rowReal])),
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
  const [b, t] = noisy.shape;
  const steps = scope.rules.keeps("step-keys") ? facts.stepReal : SymbolicValidity.complete("b t", [b!, t!]);
  const real = SymbolicValidity.every("b t", [b!, t!], [steps, facts.targetReal, facts.rowReal]);
  return {
    name: "actions",
    tokens: SymbolicPadded.of(
      rename(tokens, "t", "n"),
      real.reshaped((bits) => rename(bits, "t", "n")),
    ),
    sight: "within",
  };
}

/** A deviation that does not depend on how wide the slots are padded. */
const inputInitial = { kind: "normal", deviation: 0.2 } as const;
