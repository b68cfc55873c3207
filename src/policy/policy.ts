import type { FlowInput } from "../flow/path.ts";
import type { TimeEmbedding } from "../flow/time.ts";
import type { SymbolicArray } from "../graph/array.ts";
import { concat } from "../graph/op/shape.ts";
import type { Adapters } from "../nn/adapter.ts";
import type { KeyValue } from "../nn/layer.ts";
import type { Scope } from "../nn/parameter.ts";
import type { Texts } from "./fixed-text.ts";
import { flowVelocity } from "./head/flow.ts";
import type { ActionSteps, GrootHead, Head } from "./head/form.ts";
import { grootVelocity } from "./head/groot.ts";
import type { Perceived } from "./head/perceived.ts";
import type { Observation } from "./inputs.ts";
import { prefixStream } from "./prefix.ts";
import type { PolicySize, SizeChoice } from "./size.ts";
import type { TokenStream } from "./stream.ts";
import { runTrunk, type TrunkOutput } from "./trunk.ts";
import { flowSizeOf, grootSizeOf, sizeBeforeHead, type Variant } from "./variant.ts";

/** What a policy is built from, beside its weights. */
export interface PolicyForm {
  readonly variant: Variant;
  readonly size: PolicySize;
  readonly vocabulary: number;
  /** Rows of the table of action tokens; 0 where there is none. */
  readonly actionVocabulary: number;
  readonly texts: Texts;
  readonly head: Head;
  /** What is learnt beside weights that stay as they are; `null` for nothing. */
  readonly adapters: Adapters | null;
}

/** What of a policy is neither its variant's nor its size's. */
export interface FormOptions extends ActionSteps {
  readonly vocabulary: number;
  /** Rows of the table of action tokens that a policy has beside that of words; missing where it has none. */
  readonly actionVocabulary?: number;
  /** Tokens of the variant's fixed texts; missing where it has none. */
  readonly texts?: Texts;
  readonly parts: GrootHead["parts"];
  readonly embodiments: number;
  readonly crossAttentionKeys: GrootHead["crossAttentionKeys"];
}

/** A variant's policy at a size. @throws RangeError if a size of its own is that of another kind of head */
export function policyForm(variant: Variant, choice: SizeChoice, options: FormOptions): PolicyForm {
  const { vocabulary, parts, embodiments, crossAttentionKeys, horizon, actionSight, pastEnd } = options;
  const common = {
    variant,
    vocabulary,
    actionVocabulary: options.actionVocabulary ?? 0,
    texts: options.texts ?? noTexts,
    adapters: null,
  };
  const steps = { horizon, actionSight, pastEnd };
  switch (variant.head) {
    case "flow": {
      const size = flowSizeOf(variant, choice);
      const expert = { choice: variant.expert, size: size.expert };
      const { state, insulated } = variant;
      return { ...common, size, head: { kind: "flow", state, expert, insulated, ...steps } };
    }
    case "groot": {
      const size = grootSizeOf(variant, choice);
      const own = { size: size.dit, decoder: variant.decoder, parts, embodiments, crossAttentionKeys };
      return { ...common, size, head: { kind: "groot", ...own, ...steps } };
    }
    case "none":
      return { ...common, size: sizeBeforeHead(variant, choice), head: { kind: "none", ...steps } };
  }
}

const noTexts: Texts = new Map();

/** Pictures and prompt through the backbone. */
export function perceive(scope: Scope, form: PolicyForm, observation: Observation): Perceived {
  const stream = prefixStream(scope, form, observation);
  const trunk = { choice: form.variant.backbone, size: form.size.backbone };
  const run = (part: TokenStream, before: readonly KeyValue[]) =>
    runTrunk(scope.in("backbone"), trunk, part, { before, condition: null });
  const { tokens, cache } = ranDivided(scope, stream, run) ?? run(stream, []);
  return { observation, stream, tokens, cache, stateKept: null };
}

/**
 * The stream in two parts, where nothing that is learnt leads to what comes out of the first: no gradient goes back through its tokens.
 * `null` where there is no such part.
 */
function ranDivided(
  scope: Scope,
  stream: TokenStream,
  run: (part: TokenStream, before: readonly KeyValue[]) => TrunkOutput,
): TrunkOutput | null {
  const parts = stream.dividedWhile((tokens) => scope.isStill([tokens]));
  if (parts === null) return null;
  const first = run(parts.first, []);
  if (!scope.isStill([first.tokens, ...first.cache.flatMap(({ keys, values }) => [keys, values])])) return null;
  const rest = run(parts.rest, first.cache);
  const joined = (name: keyof KeyValue, layer: number) =>
    concat("k", [first.cache[layer]![name], rest.cache[layer]![name]]);
  return {
    tokens: concat("n", [first.tokens, rest.tokens]),
    cache: first.cache.map((_, layer) => ({ keys: joined("keys", layer), values: joined("values", layer) })),
  };
}

/**
 * The velocity of the flow at noisy actions.
 *
 * @returns `[b t d]`; cells that are not real mean nothing
 * @throws RangeError where the policy has no head that makes one
 */
export function velocity(
  scope: Scope,
  { head }: PolicyForm,
  perceived: Perceived,
  input: FlowInput,
): SymbolicArray<"b t d"> {
  switch (head.kind) {
    case "flow":
      return flowVelocity(scope, head, perceived, input);
    case "groot":
      return grootVelocity(scope.in("groot"), head, perceived, input);
    case "none":
      throw new RangeError("velocity: expected a policy with a head that makes one, got one without");
  }
}

/** How the policy's head takes the time of the flow. @throws RangeError where it has no head that does */
export function timeEmbeddingOf({ head }: Pick<PolicyForm, "head">): TimeEmbedding {
  switch (head.kind) {
    case "flow":
      return { kind: "continuous", width: head.expert.size.width };
    case "groot":
      return { kind: "buckets", tokens: head.size.width, condition: head.size.condition };
    case "none":
      throw new RangeError("timeEmbeddingOf: expected a policy with a head that takes a time, got one without");
  }
}
