import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { byteTokenizer } from "../codec/prompt.ts";
import { smallVocabulary, writeSmallTokenizer } from "../codec/testing/small-tokenizer.ts";
import { formOf } from "./plan.ts";
import type { Recipe } from "./schema.ts";
import { awkwardRecipe } from "./testing/awkward-recipe.ts";
import { checkTokenizer, tokenizerOf, withTokenizerContent } from "./tokenizer.ts";

const root = mkdtempSync(join(tmpdir(), "armature-recipe-tokenizer-"));
afterAll(() => rmSync(root, { recursive: true }));
const [small, wider] = [join(root, "small"), join(root, "wider")];
writeSmallTokenizer(small, []);
writeSmallTokenizer(wider, ["x", "y"]);

function under(policy: Partial<Recipe["policy"]>): Recipe {
  return { ...awkwardRecipe, policy: { ...awkwardRecipe.policy, ...policy } };
}

const count = smallVocabulary.length;

describe("the tokenizer of a recipe", () => {
  it("is bytes where it says nothing, and else the one of its folder; the table of tokens has as many rows", () => {
    expect(tokenizerOf(under({}))).toBe(byteTokenizer);
    expect(formOf(under({ tokenizer: "bytes" })).vocabulary).toBe(byteTokenizer.vocabulary);
    expect(formOf(under({ tokenizer: { folder: small } })).vocabulary).toBe(count);
    expect(formOf(under({ tokenizer: { folder: small }, vocabulary: count + 5 })).vocabulary).toBe(count + 5);
  });

  it("may have special tokens that the policy has no row for, until a prompt says one", () => {
    const folder = join(root, "special");
    writeSmallTokenizer(folder, []);
    const path = join(folder, "tokenizer.json");
    const file = JSON.parse(readFileSync(path, "utf8"));
    // As PaliGemma's, whose table ends before the token that stands for a picture.
    file.added_tokens.push({ ...file.added_tokens[0], id: count, content: "<image>" });
    writeFileSync(path, JSON.stringify(file));
    const tokenizer = tokenizerOf(under({ tokenizer: { folder }, vocabulary: count }));
    expect([...tokenizer.encode("pick")]).toEqual([1, 10]);
    expect(() => tokenizer.encode("pick<image>")).toThrow(
      `prompt: expected tokens below ${count}, which the weights know, got ${count} of ${path}`,
    );
  });

  it("has no more tokens than the policy has rows", () => {
    expect(() => tokenizerOf(under({ tokenizer: { folder: wider }, vocabulary: count }))).toThrow(
      `policy.tokenizer: expected at most ${count} tokens, as policy.vocabulary says, got ${count + 2} in ${wider}`,
    );
  });
});

describe("weights that were trained with a tokenizer", () => {
  const trained = withTokenizerContent(under({ tokenizer: { folder: small } }));
  const check =
    (recipe: Recipe, from: Recipe = trained) =>
    () =>
      checkTokenizer("run", from, recipe);

  it("are run with the same, wherever it lies", () => {
    const copy = join(root, "copy");
    writeSmallTokenizer(copy, []);
    expect(check(under({ tokenizer: { folder: copy } }))).not.toThrow();
    expect(check(trained)).not.toThrow();
  });

  it("are not run with another", () => {
    const said = "run: expected the tokenizer that its weights were trained with, one of sha256 ";
    expect(check(under({ tokenizer: { folder: wider } }))).toThrow(said);
    expect(check(under({}))).toThrow(/^run: expected .* one of sha256 [0-9a-f]{64}, got bytes$/);
    expect(check(trained, under({}))).toThrow("run: expected the tokenizer that its weights were trained with, bytes");
    expect(() => tokenizerOf({ policy: { tokenizer: { folder: wider, sha256: "0".repeat(64) } } })).toThrow(
      `expected the tokenizer that the weights were trained with, of sha256 ${"0".repeat(64)}`,
    );
  });

  it("may be given one where nobody knew theirs", () => {
    expect(check(trained, under({ vocabulary: count }))).not.toThrow();
  });
});
