import type { FlowInput } from "../../flow/path.ts";
import { type SymbolicArray, sizeOf } from "../../graph/array.ts";
import { silu } from "../../graph/op/activation.ts";
import { stopGradient } from "../../graph/op/elementwise.ts";
import { concat, rename, slice } from "../../graph/op/shape.ts";
import type { KeyValue } from "../../nn/layer.ts";
import { linear } from "../../nn/linear.ts";
import type { Condition } from "../../nn/norm.ts";
import type { Scope } from "../../nn/parameter.ts";
import type { Observation } from "../inputs.ts";
import type { Segment } from "../segment.ts";
import { runTrunk } from "../trunk.ts";
import type { ExpertForm, FlowHead } from "./form.ts";
import type { Perceived } from "./perceived.ts";
import { timeOfAll, timesOfTokens } from "./times.ts";
import { actionTokens, laterSteps, slotInitial, stateSegment } from "./tokens.ts";

/**
 * State and actions through the action expert, which continues the backbone's stream and reads its keys.
 *
 * @source openpi `pi0.py` `sample_actions`
 */
export function flowVelocity(
  scope: Scope,
  head: FlowHead,
  perceived: Perceived,
  input: FlowInput,
): SymbolicArray<"b t d"> {
  const { stream, cache, observation } = perceived;
  const state = stateSegments(scope, head, observation);
  const actions = actionTokens(actionValues(scope.in("action"), head.expert, input), observation.facts, {
    ...head,
    open: "within",
  });
  const suffix = stream.continuedBy(scope, [...state, actions]).withEmptyPlaces(laterSteps(head, input.noisy));
  const condition = conditionOf(scope.in("action"), head.expert, input, suffix.length);
  const { tokens } = runTrunk(scope.in("expert"), head.expert, suffix, {
    before: head.insulated ? cache.map(insulated) : cache,
    condition,
  });
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

/** @source π0.5 + knowledge insulation (arXiv:2505.23705); OpenTau `modeling_pi05.py`: the prefix's cache is detached */
function insulated({ keys, values }: KeyValue): KeyValue {
  return { keys: stopGradient(keys), values: stopGradient(values) };
}

function stateSegments(scope: Scope, head: FlowHead, observation: Observation): Segment[] {
  switch (head.state) {
    case "suffix token":
      return [stateSegment(scope.in("state"), head.expert.size.width, observation)];
    case "prefix token":
    case "prompt text":
      return [];
  }
}

/** `[b n e]`: one token per action step, the noisy action, with the time of the flow where the two are joined by a small network. */
function actionValues(scope: Scope, { choice, size }: ExpertForm, { noisy, timeEmbedding }: FlowInput) {
  const { width } = size;
  const action = linear(scope.in("in"), noisy, {
    from: "d",
    to: "e",
    sizes: [width],
    bias: "zero",
    initial: slotInitial,
  });
  const tokens = choice.time === "joined" ? joined(scope, action, timeEmbedding) : action;
  return rename(tokens, "t", "n");
}

/** @source openpi `pi0.py` `embed_suffix`, π0 */
function joined(
  scope: Scope,
  action: SymbolicArray<"b t e">,
  timeEmbedding: SymbolicArray<"b t e">,
): SymbolicArray<"b t e"> {
  const square = { from: "e", to: "e", sizes: [sizeOf(action, "e")], bias: "zero", initial: "fan-in" } as const;
  const inner = linear(scope.in("time.in"), concat("e", [action, timeEmbedding]), square);
  return linear(scope.in("time.out"), silu(inner), square);
}

/**
 * What the expert's norms follow: the time of the flow, which the first step of a sample says where all stand at one. Where they do not,
 * each action token follows its own, and a state before them the last step's: no step that is given is the last.
 *
 * @source openpi `pi0.py` `embed_suffix`, π0.5; by step: OpenTau `modeling_pi05.py` `embed_suffix`
 */
function conditionOf(
  scope: Scope,
  { choice, size }: ExpertForm,
  { timeEmbedding, times }: FlowInput,
  tokens: number,
): Condition | null {
  switch (choice.time) {
    case "joined":
      return null;
    case "condition": {
      const square = { from: "e", to: "e", sizes: [size.width], bias: "zero", initial: "fan-in" } as const;
      const time: Condition = times === "by step" ? timesOfTokens(timeEmbedding, tokens) : timeOfAll(timeEmbedding);
      return silu(linear(scope.in("time.out"), silu(linear(scope.in("time.in"), time, square)), square));
    }
  }
}
