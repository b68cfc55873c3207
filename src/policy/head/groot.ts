import type { FlowInput } from "../../flow/path.ts";
import { type SymbolicArray, sizeOf } from "../../graph/array.ts";
import { relu, silu } from "../../graph/op/activation.ts";
import { alignTo } from "../../graph/op/align.ts";
import { add } from "../../graph/op/elementwise.ts";
import { concat, merge, rename, slice } from "../../graph/op/shape.ts";
import { type Embodied, embodiedLinear } from "../../nn/embodied.ts";
import type { Context } from "../../nn/layer.ts";
import { linear } from "../../nn/linear.ts";
import { norm } from "../../nn/norm.ts";
import type { Scope } from "../../nn/parameter.ts";
import type { DitSize } from "../size.ts";
import { type Segment, TokenStream } from "../stream.ts";
import { runDit } from "./dit.ts";
import type { ActionSteps, GrootHead } from "./form.ts";
import { placed } from "./part.ts";
import type { Perceived } from "./perceived.ts";
import { actionTokens, laterSteps, slotInitial, stateTokens } from "./tokens.ts";

/**
 * State and actions through a transformer that reads the backbone's tokens; each part of the robot has a decoder.
 *
 * @source GR00T `flow_matching_action_head.py`
 */
export function grootVelocity(
  scope: Scope,
  head: GrootHead,
  perceived: Perceived,
  { noisy, timeEmbedding }: FlowInput,
): SymbolicArray<"b t d"> {
  const { size } = head;
  const embodied: Embodied = { index: perceived.observation.embodiment.selected(0), sets: head.embodiments };
  const time = timeParts(timeEmbedding, size);
  const state = stateSegment(scope.in("state"), size, perceived, embodied);
  const input = { noisy, time: time.tokens, embodied, steps: head };
  const actions = actionSegment(scope.in("action"), size, perceived, input);
  const stream = TokenStream.of(scope, [state, actions]).withEmptyPlaces(laterSteps(head, noisy));
  const tokens = runDit(scope.in("dit"), size, stream, {
    context: contextOf(scope, head, stream, perceived),
    condition: conditionOf(scope.in("time"), size, time.condition),
  });
  const ends = slice(tokens, "n", stream.length - sizeOf(noisy, "t"), stream.length);
  const decoded = head.parts.map((part) => ({
    part,
    values: embodiedMlp(scope.in(`decoder.${part.name}`), ends, embodied, {
      hidden: size.decoder,
      width: part.slots.length,
      initial: "fan-in",
    }),
  }));
  return placed(decoded, sizeOf(noisy, "d"));
}

/** The backbone's tokens, read by cross-attention; weights as released read also those that do not exist. */
function contextOf(scope: Scope, head: GrootHead, stream: TokenStream, perceived: Perceived): Context {
  const plain = { kind: "layer", weight: "gain and bias", epsilon: 1e-5 } as const;
  return {
    kind: "cross",
    tokens: norm(scope.in("norm"), plain, perceived.tokens, null).tokens,
    real: perceived.stream.real,
    pattern: stream.across(perceived.stream, head.crossAttentionKeys === "real" ? "real" : "every"),
  };
}

function stateSegment(scope: Scope, size: DitSize, { observation }: Perceived, embodied: Embodied): Segment {
  const values = rename(rename(observation.state.selected(0), "o", "n"), "s", "e");
  const shape = { hidden: size.state, width: size.width, initial: slotInitial };
  return stateTokens(embodiedMlp(scope, values, embodied, shape), observation);
}

interface ActionInput {
  readonly noisy: SymbolicArray<"b t d">;
  readonly time: SymbolicArray<"b n e">;
  readonly embodied: Embodied;
  readonly steps: ActionSteps;
}

/** @source GR00T `embodiment_conditioned_mlp.py` `MultiEmbodimentActionEncoder` */
function actionSegment(
  scope: Scope,
  { width }: DitSize,
  { observation }: Perceived,
  { noisy, time, embodied, steps }: ActionInput,
): Segment {
  const square = { width, initial: "fan-in" } as const;
  const values = rename(rename(noisy, "t", "n"), "d", "e");
  const action = embodiedLinear(scope.in("in"), values, embodied, { width, initial: slotInitial });
  const joined = silu(embodiedLinear(scope.in("time"), concat("e", [action, time]), embodied, square));
  const encoded = embodiedLinear(scope.in("out"), joined, embodied, square);
  const places = scope.parameter("position", "n e", [steps.horizon, width], { kind: "normal", deviation: 0.02 });
  const inPlace = add(encoded, alignTo(slice(places, "n", 0, sizeOf(encoded, "n")), encoded));
  return actionTokens(inPlace, observation.facts, { ...steps, open: "joins-previous" });
}

/** The embedded time's two parts. Every step of a sample stands at one time, so its first step's conditions the norms. */
function timeParts(embedding: SymbolicArray<"b t e">, { width, condition }: DitSize) {
  const first = slice(slice(embedding, "t", 0, 1), "e", width, width + condition);
  return { tokens: rename(slice(embedding, "e", 0, width), "t", "n"), condition: merge(first, "t e", "e") };
}

function conditionOf(scope: Scope, { width }: DitSize, time: SymbolicArray<"b e">): SymbolicArray<"b e"> {
  const square = { from: "e", to: "e", sizes: [width], bias: "zero", initial: "fan-in" } as const;
  return linear(scope.in("out"), silu(linear(scope.in("in"), time, square)), square);
}

interface EmbodiedMlpOptions {
  readonly hidden: number;
  readonly width: number;
  /** Of the first of its two maps. */
  readonly initial: typeof slotInitial | "fan-in";
}

/** @source GR00T `embodiment_conditioned_mlp.py` `CategorySpecificMLP` */
function embodiedMlp(
  scope: Scope,
  x: SymbolicArray<"b n e">,
  embodied: Embodied,
  { hidden, width, initial }: EmbodiedMlpOptions,
): SymbolicArray<"b n e"> {
  const inner = relu(embodiedLinear(scope.in("in"), x, embodied, { width: hidden, initial }));
  return embodiedLinear(scope.in("out"), inner, embodied, { width, initial: "fan-in" });
}
