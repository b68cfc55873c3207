import { AnswerCodec, type AnswerForm, actionTokenCount, unmergedLength } from "../codec/answer.ts";
import { type FastForm, unfittedFast } from "../codec/fast.ts";
import { byteTokenizer, type PromptTokenizer } from "../codec/prompt.ts";
import { InputError } from "../input-error.ts";
import type { Answers } from "../objective/answer-rows.ts";
import type { AnswerManner } from "../objective/tokens.ts";
import { variants } from "../policy/variant.ts";
import type { Recipe } from "./schema.ts";
import { tokenizerOf } from "./tokenizer.ts";

/** How a policy says its actions. */
export interface AnswerChoice extends Omit<AnswerForm, "tokenizer">, AnswerManner {
  readonly tokenizer: FastForm | "unknown";
  /** Tokens of an answer, at most. */
  readonly most: number;
}

/** How the policy of a recipe says its actions: as the recipe says, or with tokens that merge nothing; `null` where it says none. */
export function answerChoiceOf({ policy }: Pick<Recipe, "policy">): AnswerChoice | null {
  const { variant, actionHorizon, actionWidth, actionTokens } = policy;
  if (!saysActions(variant) && !saysActionsBeside(variant)) return null;
  return (
    actionTokens ?? { tokenizer: unfittedFast(), most: unmergedLength(byteTokenizer, actionHorizon * actionWidth) }
  );
}

/** Actions as answers of the recipe's policy and back; `null` where it says none, or in words of a tokenizer that is not known here. */
export function answersOf(recipe: Pick<Recipe, "policy">): Answers | null {
  const choice = answerChoiceOf(recipe);
  const { tokenizer, vocabulary } = recipe.policy;
  if (choice === null || choice.tokenizer === "unknown" || saysActionsBeside(recipe.policy.variant)) return null;
  if (tokenizer === undefined && vocabulary !== undefined) return null;
  const { begins, temperature } = choice;
  const codec = codecOf(tokenizerOf(recipe), { ...choice, tokenizer: choice.tokenizer });
  return { codec, manner: { begins, temperature } };
}

/**
 * What examples of a recipe say actions with; `null` where they are not said.
 *
 * @throws InputError where the tokenizer of the weights is not known: nobody can be taught to say something then
 */
export function taughtAnswersOf(recipe: Pick<Recipe, "policy">): AnswerForm | null {
  const choice = answerChoiceOf(recipe);
  if (choice === null) return null;
  const { tokenizer } = choice;
  if (tokenizer === "unknown")
    throw new InputError(
      "policy.actionTokens.tokenizer: expected the tokenizer of actions that the weights were trained with, which is not known; " +
        "import them again with --action-tokenizer FOLDER",
    );
  const beside = saysActionsBeside(recipe.policy.variant) ? { apart: tokenizerOf(recipe).vocabulary } : {};
  return { ...choice, tokenizer, ...beside };
}

/** Rows of the table of action tokens that the recipe's policy has beside a flow; 0 where it has none. */
export function actionVocabularyOf(recipe: Pick<Recipe, "policy">): number {
  const choice = answerChoiceOf(recipe);
  if (choice === null || choice.tokenizer === "unknown" || !saysActionsBeside(recipe.policy.variant)) return 0;
  return actionTokenCount(choice.tokenizer);
}

/** @throws InputError where a tokenizer of words has no room for the actions, or no single token for the end */
function codecOf(text: PromptTokenizer, form: AnswerForm): AnswerCodec {
  try {
    return new AnswerCodec(text, form);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new InputError(`policy.actionTokens: ${error.message}`);
  }
}

/** Whether actions of a variant are tokens that its backbone says. */
export function saysActions(variant: Recipe["policy"]["variant"]): boolean {
  return variants[variant].objectives.some(({ kind }) => kind === "tokens");
}

/** Whether a variant says actions as tokens beside the flow that makes them. */
export function saysActionsBeside(variant: Recipe["policy"]["variant"]): boolean {
  return variants[variant].objectives.some(({ kind }) => kind === "action tokens");
}
