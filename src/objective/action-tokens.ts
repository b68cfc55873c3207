import type { Batch } from "../batch/batch.ts";
import { fields } from "../batch/fields.ts";
import { input } from "../graph/array.ts";
import { type DataType, type HostArray, zeros } from "../graph/host-array.ts";
import { rename } from "../graph/op/shape.ts";
import type { Scope } from "../nn/parameter.ts";
import { actionTokenScores, readWordsAndActions } from "../policy/action-vocabulary.ts";
import { answerStream, runAnswer } from "../policy/answer.ts";
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

/** Names of the programs' inputs beside those of the observation, each `[b n]`. */
export const actionTokenInputs = {
  words: "saidWord",
  actions: "saidAction",
  isAction: "isSaidAction",
  next: "nextSaidAction",
} as const;

/** What is taught. */
const taught = { name: tokensName, next: actionTokenInputs.next } as const;

/** Files in which this objective's arrays are made, by the names that an audit gives them. */
export const actionTokenFiles: Readonly<Record<string, string>> = {
  [actionTokenInputs.words]: "objective/action-tokens.ts",
  [actionTokenInputs.actions]: "objective/action-tokens.ts",
  [actionTokenInputs.isAction]: "objective/action-tokens.ts",
  [actionTokenInputs.next]: "objective/token-error.ts",
  [teachesInput(tokensName)]: "objective/token-error.ts",
  [errorsArray(tokensName)]: "objective/token-error.ts",
  answer: "policy/action-vocabulary.ts",
};

/**
 * Cross entropy, `[b n]`, of the action token that follows each token that says a sample's actions; 0 where a word follows or nothing.
 *
 * They continue the backbone's stream as the expert does, and beside it: no token of the flow reads one of them.
 *
 * @source OpenTau `modeling_pi05.py` `forward`, whose expert reads `n_cross_att_tokens` of the prefix, all but these
 */
export function actionTokenErrors(scope: Scope, { form, layout }: Setting, policy: TracedPolicy): TracedErrors {
  const { observation, perceived } = policy;
  const shape = [layout.rows, layout.actionTokens];
  const read = readWordsAndActions(scope, form, {
    words: input(actionTokenInputs.words, "b n", shape, "int32"),
    actions: input(actionTokenInputs.actions, "b n", shape, "int32"),
    isAction: input(actionTokenInputs.isAction, "b n", shape, "bool"),
  });
  const real = fields.actionTokens.real(inProgram, { ...observation.facts, readable: observation.readable });
  const own = SymbolicPadded.of(
    read,
    real.reshaped((bits) => rename(bits, "m", "n")),
  );
  const stream = answerStream(scope, perceived, own);
  const { tokens } = runAnswer(scope, form, { stream, before: perceived.cache });
  return tokenErrors(scope, actionTokenScores(scope, form, tokens), taught);
}

/**
 * The tokens that say the actions, by their own tables, those that follow, and which of them teach: actions behind a token that exists.
 *
 * @param vocabulary of words: an action's token is counted from there
 */
export function actionTokenFeeds({ actionTokens }: Batch, vocabulary: number): ObjectiveFeeds {
  return actionTokens.read(({ shape, cells }, valid) => {
    const [rows = 0, length = 0] = shape;
    const words = zeros("b n", [rows, length], "int32");
    const actions = zeros("b n", [rows, length], "int32");
    const isAction = zeros("b n", [rows, length], "bool");
    for (const [at, token] of cells.entries()) {
      if (!valid.isReal(at)) continue;
      if (token < vocabulary) words.cells[at] = token;
      else actions.cells[at] = token - vocabulary;
      isAction.cells[at] = token < vocabulary ? 0 : 1;
    }
    const isReal = (at: number) => valid.isReal(at);
    const said = { cells: actions.cells, isReal, isSaid: (at: number) => isAction.cells[at] === 1 };
    const { feeds, counts } = tokenFeeds(said, [rows, length], taught);
    const own = new Map<string, HostArray<string, DataType>>([
      ...feeds,
      [actionTokenInputs.words, words],
      [actionTokenInputs.actions, actions],
      [actionTokenInputs.isAction, isAction],
    ]);
    return { feeds: own, counts };
  });
}
