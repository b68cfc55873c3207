import type { FlowInput } from "../../flow/path.ts";
import { type SymbolicArray, sizeOf } from "../../graph/array.ts";
import { silu } from "../../graph/op/activation.ts";
import { concat, rename, slice } from "../../graph/op/shape.ts";
import { linear } from "../../nn/linear.ts";
import type { Scope } from "../../nn/parameter.ts";
import type { TrunkSize } from "../size.ts";
import type { Segment } from "../stream.ts";
import { runTrunk } from "../trunk.ts";
import type { ActionSteps, FlowHead } from "./form.ts";
import type { Perceived } from "./perceived.ts";
import { actionTokens, laterSteps, slotInitial, stateTokens } from "./tokens.ts";

/**
 * State and actions through the action expert, which continues the backbone's stream and reads its keys.
 *
 * @source openpi `pi0.py` `sample_actions`
 */
export function flowVelocity(
  scope: Scope,
  { size, head }: { readonly size: TrunkSize; readonly head: FlowHead },
  perceived: Perceived,
  input: FlowInput,
): SymbolicArray<"b t d"> {
  const { stream, cache } = perceived;
  const state = stateSegment(scope.in("state"), size.width, perceived);
  const actions = actionSegment(scope.in("action"), { width: size.width, steps: head }, perceived, input);
  const suffix = stream.continuedBy(scope, [state, actions]).withEmptyPlaces(laterSteps(head, input.noisy));
  const { tokens } = runTrunk(scope.in("expert"), size, suffix, cache);
  const steps = sizeOf(input.noisy, "t");
  const ends = rename(slice(tokens, "n", suffix.length - steps, suffix.length), "n", "t");
  return linear(scope.in("action.out"), ends, {
    from: "e",
    to: "d",
    sizes: [sizeOf(input.noisy, "d")],
    bias: "zero",
    initial: "fan-in",
  });
}

function stateSegment(scope: Scope, width: number, { observation }: Perceived): Segment {
  const tokens = linear(scope, rename(observation.state.selected(0), "o", "n"), {
    from: "s",
    to: "e",
    sizes: [width],
    bias: "zero",
    initial: slotInitial,
  });
  return stateTokens(tokens, observation);
}

/**
 * One token per action step: the noisy actions and the time of the flow, joined by a small network.
 *
 * @source openpi `pi0.py` `embed_suffix`
 */
function actionSegment(
  scope: Scope,
  { width, steps }: { readonly width: number; readonly steps: ActionSteps },
  { observation }: Perceived,
  { noisy, timeEmbedding }: FlowInput,
): Segment {
  const square = { from: "e", to: "e", sizes: [width], bias: "zero", initial: "fan-in" } as const;
  const action = linear(scope.in("in"), noisy, {
    from: "d",
    to: "e",
    sizes: [width],
    bias: "zero",
    initial: slotInitial,
  });
  const joined = linear(scope.in("time.in"), concat("e", [action, timeEmbedding]), square);
  const tokens = linear(scope.in("time.out"), silu(joined), square);
  return actionTokens(rename(tokens, "t", "n"), observation.facts, { ...steps, open: "within" });
}
