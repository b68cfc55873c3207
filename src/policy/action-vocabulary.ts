import type { SymbolicArray } from "../graph/array.ts";
import { alignTo } from "../graph/op/align.ts";
import { gather } from "../graph/op/gather.ts";
import { where } from "../graph/op/select.ts";
import { rename } from "../graph/op/shape.ts";
import { linear } from "../nn/linear.ts";
import type { Scope } from "../nn/parameter.ts";
import type { PolicyForm } from "./policy.ts";
import { embedded } from "./prefix.ts";

/** Tokens `[b n]` of words, and of actions in a vocabulary of their own: which each is, and its number in its own table. */
export interface WordsAndActions {
  readonly words: SymbolicArray<"b n", "int32">;
  readonly actions: SymbolicArray<"b n", "int32">;
  readonly isAction: SymbolicArray<"b n", "bool">;
}

/** What has a table of action tokens. */
type Form = Pick<PolicyForm, "variant" | "size" | "vocabulary" | "actionVocabulary">;

/**
 * Tokens as the backbone reads them, `[b n e]`: words by its own table, actions by one of theirs, which is not scaled.
 *
 * @source OpenTau `paligemma_with_expert.py` `embed_discrete_actions`
 */
export function readWordsAndActions(scope: Scope, form: Form, tokens: WordsAndActions): SymbolicArray<"b n e"> {
  const shape = [form.actionVocabulary, form.size.backbone.width];
  const initial = { kind: "normal", deviation: 1 } as const;
  const table = scope.in("actionTokens.embedding").parameter("weight", "y e", shape, initial);
  const words = embedded(scope, form, tokens.words);
  const isAction = alignTo(tokens.isAction, { axes: "b n e", shape: words.shape, type: "bool" } as const);
  return where(isAction, gather(table, tokens.actions, "b n e"), words);
}

/**
 * What a policy thinks of each action token as the next, `[b n y]`: logits.
 *
 * @source OpenTau `paligemma_with_expert.py` `da_head`
 */
export function actionTokenScores(scope: Scope, form: Form, tokens: SymbolicArray<"b n e">): SymbolicArray<"b n y"> {
  const wide = { from: "e", to: "e", sizes: [form.actionVocabulary], bias: "zero", initial: "fan-in" } as const;
  return rename(linear(scope.in("actionTokens.scores"), tokens, wide), "e", "y");
}
