import { type SymbolicArray, sizeOf } from "../graph/array.ts";
import { rename, slice } from "../graph/op/shape.ts";
import { linear } from "../nn/linear.ts";
import type { Scope } from "../nn/parameter.ts";
import type { Observation } from "./inputs.ts";
import { prefixStream } from "./prefix.ts";
import type { PolicySize } from "./size.ts";
import type { TokenStream } from "./stream.ts";
import { actionSegment, stateSegment } from "./suffix.ts";
import { type KeyValue, passThrough } from "./trunk.ts";
import type { Variant } from "./variant.ts";

/** What a policy is built from, beside its weights. */
export interface PolicyForm {
  readonly variant: Variant;
  readonly size: PolicySize;
  readonly vocabulary: number;
}

/** An observation after the backbone: all that the flow reads of it, computed once per observation. */
export interface Perceived {
  readonly observation: Observation;
  readonly stream: TokenStream;
  readonly cache: readonly KeyValue[];
}

/** Where the flow stands. */
export interface FlowInput {
  /** 0 in every unreal cell. */
  readonly noisy: SymbolicArray<"b t d">;
  /** Of the expert's width. */
  readonly timeEmbedding: SymbolicArray<"b t e">;
}

/** Pictures and prompt through the backbone. */
export function perceive(scope: Scope, form: PolicyForm, observation: Observation): Perceived {
  const stream = prefixStream(scope, form.size, form.vocabulary, observation);
  const { cache } = passThrough(scope.in("backbone"), form.size.backbone, stream, []);
  return { observation, stream, cache };
}

/**
 * The velocity of the flow at noisy actions: state and actions through the action expert, which reads the backbone's keys.
 *
 * @returns `[b t d]`; cells that are not real mean nothing
 */
export function velocity(
  scope: Scope,
  form: PolicyForm,
  perceived: Perceived,
  { noisy, timeEmbedding }: FlowInput,
): SymbolicArray<"b t d"> {
  const { width } = form.size.expert;
  const { observation, stream, cache } = perceived;
  const state = stateSegment(scope.in("state"), width, observation);
  const actions = actionSegment(scope.in("action"), noisy, timeEmbedding, observation.facts);
  const suffix = stream.continuedBy([state, actions]);
  const { tokens } = passThrough(scope.in("expert"), form.size.expert, suffix, cache);
  const steps = sizeOf(noisy, "t");
  const read = rename(slice(tokens, "n", suffix.length - steps, suffix.length), "n", "t");
  return linear(scope.in("action.out"), read, {
    from: "e",
    to: "d",
    sizes: [sizeOf(noisy, "d")],
    bias: "zero",
    initial: "fan-in",
  });
}
