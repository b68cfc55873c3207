import { AnswerCodec, unmergedLength } from "../codec/answer.ts";
import { type FastForm, unfittedFast } from "../codec/fast.ts";
import { byteTokenizer } from "../codec/prompt.ts";
import { variants } from "../policy/variant.ts";
import type { Recipe } from "./schema.ts";
import { tokenizerOf } from "./tokenizer.ts";

/** How a policy says its actions. */
export interface AnswerChoice {
  readonly tokenizer: FastForm;
  /** Tokens of an answer, at most. */
  readonly most: number;
}

/** How the policy of a recipe says its actions: as the recipe says, or with tokens that merge nothing; `null` where it says none. */
export function answerChoiceOf({ policy }: Pick<Recipe, "policy">): AnswerChoice | null {
  const { variant, actionHorizon, actionWidth, actionTokens } = policy;
  if (!saysActions(variant)) return null;
  return (
    actionTokens ?? { tokenizer: unfittedFast(), most: unmergedLength(byteTokenizer, actionHorizon * actionWidth) }
  );
}

/** Actions as answers of the recipe's policy and back; `null` where it says none, or in words of a tokenizer that is not known here. */
export function answersOf(recipe: Pick<Recipe, "policy">): AnswerCodec | null {
  const choice = answerChoiceOf(recipe);
  return choice === null || recipe.policy.vocabulary !== undefined
    ? null
    : new AnswerCodec(tokenizerOf(recipe), choice.tokenizer);
}

/** Whether actions of a variant are tokens that its backbone says. */
export function saysActions(variant: Recipe["policy"]["variant"]): boolean {
  return variants[variant].objectives.some(({ kind }) => kind === "tokens");
}
