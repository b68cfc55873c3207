import { describe, expect, it } from "vitest";
import { InputError } from "../input-error.ts";
import { answerChoiceOf, answersOf, taughtAnswersOf } from "./answer.ts";
import { parseRecipe } from "./file.ts";
import { formOf, layoutOf } from "./plan.ts";
import { awkwardRecipe } from "./testing/awkward-recipe.ts";

const speaking = { ...awkwardRecipe, policy: { ...awkwardRecipe.policy, variant: "pi0_fast" } } as const;
const tokenizer = { scale: 10, lowest: -1, tokens: ["A", "B", "AB"], merges: [["A", "B"]] } as const;

describe("how a policy says its actions", () => {
  it("is with each coefficient as a token, where the recipe says nothing of it", () => {
    // The token that begins, "Action: ", five steps of nine slots, the end; 258 tokens of text and 128 of actions.
    expect([layoutOf(speaking, 2).actionTokens, formOf(speaking).vocabulary]).toEqual([1 + 8 + 45 + 1, 258 + 128]);
  });

  it("is with the recipe's own tokenizer, in as many tokens as it says", () => {
    const own = { ...speaking, policy: { ...speaking.policy, actionTokens: { most: 20, tokenizer } } };
    expect(parseRecipe("recipe.json", JSON.parse(JSON.stringify(own)))).toEqual(own);
    expect([layoutOf(own, 2).actionTokens, formOf(own).vocabulary]).toEqual([20, 258 + 3]);
  });

  it("may be with the last tokens of words, drawn at a temperature, of whole chunks: as weights of other projects have it", () => {
    const how = { skipped: 5, says: "whole chunks", begins: "prompt", temperature: 0.5 } as const;
    const own = { ...speaking, policy: { ...speaking.policy, actionTokens: { most: 20, tokenizer, ...how } } };
    expect(parseRecipe("recipe.json", JSON.parse(JSON.stringify(own)))).toEqual(own);
    const { codec, manner } = answersOf(own)!;
    expect([codec.vocabulary, codec.says, manner]).toEqual([
      258,
      "whole chunks",
      { begins: "prompt", temperature: 0.5 },
    ]);
    expect(formOf(own).vocabulary).toBe(258);
    const tight = { ...own, policy: { ...own.policy, actionTokens: { ...own.policy.actionTokens, skipped: 256 } } };
    expect(() => answersOf(tight)).toThrow(
      new InputError(
        "policy.actionTokens: answer: expected at least 3 tokens of bytes in front of the last 256, got 2",
      ),
    );
  });

  it("cannot be read, nor taught, where either tokenizer is not known", () => {
    const mute = {
      ...speaking,
      policy: { ...speaking.policy, actionTokens: { most: 20, tokenizer: "unknown" } },
    } as const;
    expect(answersOf(mute)).toBeNull();
    expect(() => taughtAnswersOf(mute)).toThrow("import them again with --action-tokenizer FOLDER");
    const wordless = { ...speaking, policy: { ...speaking.policy, vocabulary: 300 } };
    expect(answersOf(wordless)).toBeNull();
    expect(answersOf({ ...wordless, policy: { ...wordless.policy, tokenizer: "bytes" } })!.codec.begin).toBe(1);
    expect(taughtAnswersOf(awkwardRecipe)).toBeNull();
  });

  it("is nothing that another policy knows of", () => {
    expect([answerChoiceOf(awkwardRecipe), answersOf(awkwardRecipe)]).toEqual([null, null]);
    expect(layoutOf(awkwardRecipe, 2).actionTokens).toBe(0);
    const other = { ...awkwardRecipe, policy: { ...awkwardRecipe.policy, actionTokens: { most: 20, tokenizer } } };
    expect(() => parseRecipe("recipe.json", JSON.parse(JSON.stringify(other)))).toThrow(
      'recipe.json: policy.actionTokens: expected none with policy.variant "pi0", which says no actions, got a tokenizer',
    );
  });
});
