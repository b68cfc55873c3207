import type { Batch } from "../batch/batch.ts";
import { fields } from "../batch/fields.ts";
import { input, type SymbolicArray } from "../graph/array.ts";
import { alignTo } from "../graph/op/align.ts";
import { rename } from "../graph/op/shape.ts";
import type { Scope } from "../nn/parameter.ts";
import { answerStream, runAnswer, tokenScores } from "../policy/answer.ts";
import { decodeAnswer } from "../policy/decode.ts";
import { embedded } from "../policy/prefix.ts";
import type { Tokens } from "../policy/segment.ts";
import type { TokensChoice } from "../policy/variant.ts";
import { inProgram } from "../validity/join.ts";
import { SymbolicPadded } from "../validity/symbolic.ts";
import { tokenErrors, tokenFeeds, tokensName } from "./token-error.ts";
import {
  errorsArray,
  type ObjectiveFeeds,
  type Setting,
  type TracedErrors,
  type TracedPolicy,
  teachesInput,
} from "./traced.ts";

/** Names of the programs' inputs beside those of the observation. */
export const answerInputs = {
  tokens: "actionTokens",
  next: "nextActionToken",
  begin: "answerBegin",
  end: "answerEnd",
} as const;

/** Files in which this objective's arrays are made, by the names that an audit gives them. */
export const answerFiles: Readonly<Record<string, string>> = {
  [answerInputs.next]: "objective/token-error.ts",
  [teachesInput(tokensName)]: "objective/token-error.ts",
  [errorsArray(tokensName)]: "objective/token-error.ts",
  answer: "policy/answer.ts",
};

/**
 * Cross entropy, `[b n]`, of the token that follows each token of an action; 0 where none follows.
 *
 * @source openpi `pi0_fast.py` `compute_loss`, LeRobot `modeling_pi0_fast.py` `forward`
 */
export function answerErrors(scope: Scope, setting: Setting, policy: TracedPolicy, choice: TokensChoice): TracedErrors {
  return tokenErrors(scope, answerScores(scope, setting, policy, choice), answerInputs.next);
}

/** What the policy thinks, `[b n y]`, of each token as the one behind each token of an action. */
export function answerScores(
  scope: Scope,
  setting: Setting,
  policy: TracedPolicy,
  choice: TokensChoice,
): SymbolicArray<"b n y"> {
  const { form } = setting;
  const stream = answerStream(scope, policy.perceived, answerTokens(scope, setting, policy));
  const { tokens } = runAnswer(scope, form, { stream, before: policy.perceived.cache });
  return tokenScores(scope, form, choice, tokens);
}

/** The tokens that the batch says a sample's actions with. */
function answerTokens(scope: Scope, { form, layout }: Setting, { observation }: TracedPolicy): Tokens {
  const { rows: b, actionTokens: m } = layout;
  const { axes, type, real } = fields.actionTokens;
  const conditions = { ...observation.facts, readable: observation.readable };
  const said = SymbolicPadded.input(answerInputs.tokens, { axes, shape: [b, m], type }, real(inProgram, conditions));
  const ids = rename(said.selected(0), "m", "n");
  return SymbolicPadded.of(
    embedded(scope, form, ids),
    said.valid.reshaped((bits) => rename(bits, "m", "n")),
  );
}

/** Tokens of an answer that the policy says by itself, `[b n]`: all behind the one that begins. */
export function sayAnswer(
  scope: Scope,
  { form, layout }: Setting,
  { perceived }: TracedPolicy,
  { scores }: TokensChoice,
): SymbolicArray<"b n", "int32"> {
  const steps = layout.actionTokens - 1;
  const mark = (name: string) => input(name, "", [], "int32");
  const first = alignTo(mark(answerInputs.begin), { axes: "b", shape: [layout.rows], type: "int32" } as const);
  return decodeAnswer(scope, { ...form, scores }, perceived, { first, end: mark(answerInputs.end), steps });
}

/** The tokens of the actions, those that follow, and which of them teach: between tokens that exist. */
export function answerFeeds({ actionTokens }: Batch): ObjectiveFeeds {
  return actionTokens.read((values, valid) => {
    const [rows = 0, length = 0] = values.shape;
    const { feeds, counts } = tokenFeeds(
      { cells: values.cells, isReal: (at) => valid.isReal(at) },
      [rows, length],
      answerInputs.next,
    );
    return { feeds: new Map([...feeds, [answerInputs.tokens, values] as const]), counts };
  });
}
