import type { SymbolicArray } from "../graph/array.ts";
import { einsum } from "../graph/op/einsum.ts";
import type { KeyValue } from "../nn/layer.ts";
import type { Scope } from "../nn/parameter.ts";
import type { Perceived } from "./head/perceived.ts";
import type { TokensChoice } from "./objective-choice.ts";
import type { PolicyForm } from "./policy.ts";
import { embedding } from "./prefix.ts";
import type { Tokens } from "./segment.ts";
import type { TokenStream } from "./stream.ts";
import { runTrunk } from "./trunk.ts";

/** What of a policy says tokens. */
export type Speaker = Pick<PolicyForm, "variant" | "size" | "vocabulary">;

/** Some tokens of an answer, and what stands before them. */
export interface Answer {
  readonly stream: TokenStream;
  /** Keys and values, by layer, of all that stands before. */
  readonly before: readonly KeyValue[];
}

/** The stream of an answer's tokens behind what was perceived: each sees the prefix, and itself and those before it. */
export function answerStream(scope: Scope, { stream }: Pick<Perceived, "stream">, tokens: Tokens): TokenStream {
  return stream.continuedBy(scope, [{ name: "answer", tokens, keys: "real", sight: "causal" }]);
}

/**
 * An answer through the backbone that read the prefix: the same weights, which read the prefix's keys.
 *
 * @returns the tokens as they came out, `[b n e]`, and their keys and values by layer
 */
export function runAnswer(scope: Scope, { variant, size }: Speaker, { stream, before }: Answer) {
  const trunk = { choice: variant.backbone, size: size.backbone };
  const { tokens, cache } = runTrunk(scope.in("backbone"), trunk, stream, { before, condition: null });
  return { tokens: scope.hidden(tokens, stream.real), cache };
}

/**
 * What a policy thinks of each token of its vocabulary as the next, `[b n y]`: logits.
 *
 * @source Gemma: the embedding says what it reads; LeRobot `modeling_pi0_fast.py` unties the two
 */
export function tokenScores(
  scope: Scope,
  form: Speaker,
  { scores }: Pick<TokensChoice, "scores">,
  tokens: SymbolicArray<"b n e">,
): SymbolicArray<"b n y"> {
  return einsum("b n e, y e -> b n y", tokens, table(scope, form, scores));
}

function table(scope: Scope, form: Speaker, scores: TokensChoice["scores"]): SymbolicArray<"y e"> {
  switch (scores) {
    case "embedding":
      return embedding(scope, form);
    case "own": {
      const { width } = form.size.backbone;
      const initial = { kind: "normal", deviation: width ** -0.5 } as const;
      return scope.in("scores").parameter("weight", "y e", [form.vocabulary, width], initial);
    }
  }
}
