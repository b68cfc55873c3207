import type { FlowInput } from "../../flow/path.ts";
import { type SymbolicArray, sizeOf } from "../../graph/array.ts";
import { relu, silu } from "../../graph/op/activation.ts";
import { alignAny, alignTo } from "../../graph/op/align.ts";
import { add } from "../../graph/op/elementwise.ts";
import { select } from "../../graph/op/select.ts";
import { concat, rename, slice } from "../../graph/op/shape.ts";
import { type Embodied, embodiedLinear } from "../../nn/embodied.ts";
import type { Context } from "../../nn/layer.ts";
import { linear } from "../../nn/linear.ts";
import { type Condition, norm } from "../../nn/norm.ts";
import type { Scope } from "../../nn/parameter.ts";
import { SymbolicPadded, SymbolicValidity } from "../../validity/symbolic.ts";
import type { Segment } from "../segment.ts";
import type { DitSize } from "../size.ts";
import { TokenStream } from "../stream.ts";
import { runDit } from "./dit.ts";
import { mixedFeatures } from "./features.ts";
import type { ActionSteps, GrootHead } from "./form.ts";
import { placed } from "./part.ts";
import type { Perceived } from "./perceived.ts";
import { timeOfAll, timesOfTokens } from "./times.ts";
import { actionTokens, laterSteps, slotInitial, stateTokens } from "./tokens.ts";

/**
 * State and actions through a transformer that reads the backbone's tokens.
 *
 * @source GR00T `flow_matching_action_head.py`
 */
export function grootVelocity(
  scope: Scope,
  head: GrootHead,
  perceived: Perceived,
  { noisy, timeEmbedding, times }: FlowInput,
): SymbolicArray<"b t d"> {
  const { size } = head;
  const embodied: Embodied = { index: perceived.observation.embodiment.selected(0), sets: head.embodiments };
  const time = timeParts(timeEmbedding, size);
  const state = stateSegment(scope.in("state"), size, perceived, embodied);
  const input = { noisy, time: time.tokens, embodied, steps: head };
  const actions = actionSegment(scope.in("action"), size, perceived, input);
  const segments = [state, ...futureSegment(scope, size, perceived), actions];
  const stream = TokenStream.of(scope, segments).withEmptyPlaces(laterSteps(head, noisy));
  const tokens = runDit(scope.in("dit"), size, stream, {
    contexts: contextsOf(scope, head, stream, perceived),
    condition: conditionOf(
      scope.in("time"),
      size,
      times === "by step" ? timesOfTokens(time.condition, stream.length) : timeOfAll(time.condition),
    ),
  });
  const ends = slice(tokens, "n", stream.length - sizeOf(noisy, "t"), stream.length);
  return decodedVelocity(scope.in("decoder"), head, ends, { embodied, width: sizeOf(noisy, "d") });
}

/**
 * The backbone's tokens, read by cross-attention: all of them, or text and pictures by turns. Weights as released read also tokens that do
 * not exist, but not where they read by turns.
 *
 * @source GR00T `cross_attention_dit.py` `DiT`, `AlternateVLDiT`
 */
function contextsOf(scope: Scope, head: GrootHead, stream: TokenStream, perceived: Perceived): Context[] {
  const { features, textEvery } = head.size;
  const plain = { kind: "layer", weight: "gain and bias", epsilon: 1e-5 } as const;
  const normed = norm(scope.in("norm"), plain, perceived.tokens, null).tokens;
  const keys = head.crossAttentionKeys === "real" ? "real" : "every";
  const input = { features: normed, stream: perceived.stream, keys } as const;
  const tokens = features === null ? normed : mixedFeatures(scope.in("features"), features, input);
  const context = { kind: "cross", tokens, real: perceived.stream.real } as const;
  if (textEvery === null) return [{ ...context, pattern: stream.across(perceived.stream, keys, "all") }];
  const [text, pictures] = [
    stream.across(perceived.stream, "real", "text"),
    stream.across(perceived.stream, "real", "pictures"),
  ];
  return Array.from({ length: textEvery }, (_, at) => ({ ...context, pattern: at === 0 ? text : pictures }));
}

/** One token per observation slot; in training 0 where the sample's state is not to be known. */
function stateSegment(scope: Scope, size: DitSize, perceived: Perceived, embodied: Embodied): Segment {
  const { observation, stateKept } = perceived;
  const values = rename(rename(observation.state.selected(0), "o", "n"), "s", "e");
  const shape = { hidden: size.state, width: size.width, initial: slotInitial };
  const tokens = embodiedMlp(scope, values, embodied, shape);
  return stateTokens(stateKept === null ? tokens : select(stateKept, tokens, 0), observation);
}

/**
 * Trained tokens, the same for every sample, that stand beside the state; none where the head has none.
 *
 * @source GR00T N1.5 `flow_matching_action_head.py` `future_tokens`
 */
function futureSegment(scope: Scope, { future, width }: DitSize, { observation }: Perceived): Segment[] {
  if (future === 0) return [];
  const [rows = 0] = observation.facts.rowReal.isReal.shape;
  const own = scope.parameter("future", "n e", [future, width], { kind: "normal", deviation: 0.02 });
  const tokens = alignAny(own, { axes: "b n e", shape: [rows, future, width], type: "float32" } as const);
  const valid = SymbolicValidity.complete("b n", [rows, future]);
  return [{ name: "future", tokens: SymbolicPadded.of(tokens, valid), keys: "every", sight: "joins-previous" }];
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
  { width, places }: DitSize,
  { observation }: Perceived,
  { noisy, time, embodied, steps }: ActionInput,
): Segment {
  const square = { width, initial: "fan-in" } as const;
  const values = rename(rename(noisy, "t", "n"), "d", "e");
  const action = embodiedLinear(scope.in("in"), values, embodied, { width, initial: slotInitial });
  const joined = silu(embodiedLinear(scope.in("time"), concat("e", [action, time]), embodied, square));
  const encoded = embodiedLinear(scope.in("out"), joined, embodied, square);
  const rows = places ?? steps.horizon;
  const table = scope.parameter("position", "n e", [rows, width], { kind: "normal", deviation: 0.02 });
  const inPlace = add(encoded, alignTo(slice(table, "n", 0, sizeOf(encoded, "n")), encoded));
  return actionTokens(inPlace, observation.facts, { ...steps, open: "joins-previous" });
}

/** The embedded time's two parts. */
function timeParts(embedding: SymbolicArray<"b t e">, { width, condition }: DitSize) {
  return {
    tokens: rename(slice(embedding, "e", 0, width), "t", "n"),
    condition: slice(embedding, "e", width, width + condition),
  };
}

function conditionOf(scope: Scope, { width }: DitSize, time: Condition): Condition {
  const square = { from: "e", to: "e", sizes: [width], bias: "zero", initial: "fan-in" } as const;
  return linear(scope.in("out"), silu(linear(scope.in("in"), time, square)), square);
}

/** `[b t d]`, by a decoder for every slot, or by one for each part. */
function decodedVelocity(
  scope: Scope,
  { decoder, parts, size }: GrootHead,
  ends: SymbolicArray<"b n e">,
  { embodied, width }: { readonly embodied: Embodied; readonly width: number },
): SymbolicArray<"b t d"> {
  const wide = (of: number) => ({ hidden: size.decoder, width: of, initial: "fan-in" }) as const;
  switch (decoder) {
    case "one":
      return rename(rename(embodiedMlp(scope, ends, embodied, wide(width)), "n", "t"), "e", "d");
    case "by part": {
      const decoded = parts.map((part) => ({
        part,
        values: embodiedMlp(scope.in(part.name), ends, embodied, wide(part.slots.length)),
      }));
      return placed(decoded, width);
    }
  }
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
