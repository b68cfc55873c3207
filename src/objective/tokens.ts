import type { Batch } from "../batch/batch.ts";
import { fields } from "../batch/fields.ts";
import { input, type SymbolicArray } from "../graph/array.ts";
import { alignTo } from "../graph/op/align.ts";
import { concat, merge, rename, slice, split } from "../graph/op/shape.ts";
import type { Scope } from "../nn/parameter.ts";
import { answerStream, runAnswer, tokenScores } from "../policy/answer.ts";
import { type Choosing, chosenToken } from "../policy/choose.ts";
import { decodeAnswer } from "../policy/decode.ts";
import type { TokensChoice } from "../policy/objective-choice.ts";
import { embedded } from "../policy/prefix.ts";
import type { Tokens } from "../policy/segment.ts";
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
  chances: "answerChances",
} as const;

/** What is taught. */
const answer = { name: tokensName, next: answerInputs.next } as const;

/** How a policy says its actions when it acts: plain data. */
export interface AnswerManner {
  /**
   * Where the token that begins an answer stands: "answer", as in training, or "prompt", at the end of the prompt, whose tokens then see
   * it. Missing: "answer".
   *
   * @source LeRobot `modeling_pi0_fast.py` `sample_actions_fast`, which has it in the prompt, and `forward`, which has not
   */
  readonly begins?: "answer" | "prompt" | undefined;
  /** Scores are divided by it before a token is drawn by chance. Missing or 0: each token is the likeliest. */
  readonly temperature?: number | undefined;
}

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
  return tokenErrors(scope, answerScores(scope, setting, policy, choice), answer);
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

/** What a policy is that says its answers in a manner: with room for the token that begins them, where that stands in the prompt. */
export function settingOfSaying(setting: Setting, { begins }: AnswerManner): Setting {
  const { layout } = setting;
  return begins === "prompt" ? { ...setting, layout: { ...layout, tokens: layout.tokens + 1 } } : setting;
}

/** How an answer is said. */
export interface SayingChoice extends AnswerManner {
  readonly choice: TokensChoice;
}

/**
 * Tokens of an answer that the policy says by itself, `[b n]`: all behind the one that begins.
 *
 * @param setting that of `settingOfSaying`
 */
export function sayAnswer(
  scope: Scope,
  { form, layout }: Setting,
  { perceived }: TracedPolicy,
  { choice, begins, temperature }: SayingChoice,
): SymbolicArray<"b n", "int32"> {
  const { rows, actionTokens } = layout;
  const steps = actionTokens - 1;
  const choosing = choosingOf(rows, steps, temperature ?? 0);
  const mark = (name: string) => input(name, "", [], "int32");
  const end = mark(answerInputs.end);
  const speaker = { ...form, scores: choice.scores };
  if (begins !== "prompt") {
    const first = alignTo(mark(answerInputs.begin), { axes: "b", shape: [rows], type: "int32" } as const);
    return decodeAnswer(scope, speaker, perceived, { first, end, steps, choosing });
  }
  const last = perceived.stream.length - 1;
  const scores = merge(tokenScores(scope, form, choice, slice(perceived.tokens, "n", last, last + 1)), "b n", "b");
  const first = chosenToken(
    scores,
    chancesFrom(choosing, 0, 1, (chances) => merge(chances, "b n", "b")),
  );
  const rest = chancesFrom(choosing, 1, steps, (chances) => chances);
  const saying = { first, end, steps: steps - 1, choosing: rest };
  return concat("n", [split(first, "b", "b n", [rows, 1]), decodeAnswer(scope, speaker, perceived, saying)]);
}

function choosingOf(rows: number, steps: number, temperature: number): Choosing {
  if (temperature === 0) return { kind: "likeliest" };
  return { kind: "by chance", temperature, chances: input(answerInputs.chances, "b n", [rows, steps], "float32") };
}

/** How some of the tokens are chosen. */
function chancesFrom<A extends string>(
  choosing: Choosing,
  from: number,
  until: number,
  as: (chances: SymbolicArray<"b n">) => SymbolicArray<A>,
): Choosing<A> {
  if (choosing.kind === "likeliest") return choosing;
  return { ...choosing, chances: as(slice(choosing.chances, "n", from, until)) };
}

/** The tokens of the actions, those that follow, and which of them teach: between tokens that exist. */
export function answerFeeds({ actionTokens }: Batch): ObjectiveFeeds {
  return actionTokens.read((values, valid) => {
    const [rows = 0, length = 0] = values.shape;
    const { feeds, counts } = tokenFeeds(
      { cells: values.cells, isReal: (at) => valid.isReal(at), isSaid: () => true },
      [rows, length],
      answer,
    );
    return { feeds: new Map([...feeds, [answerInputs.tokens, values] as const]), counts };
  });
}
