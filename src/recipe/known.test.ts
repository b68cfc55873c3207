import { describe, expect, it } from "vitest";
import { knownReadingOf, knownSizesOf } from "./known.ts";
import type { Recipe } from "./schema.ts";
import { awkwardRecipe } from "./testing/awkward-recipe.ts";

const told = (policy: Partial<Recipe["policy"]>, data: Partial<Recipe["data"]> = {}): Recipe => ({
  ...awkwardRecipe,
  policy: { ...awkwardRecipe.policy, ...policy },
  data: { ...awkwardRecipe.data, ...data },
});
const subgoals = { seconds: 4, furthest: 0.25, dropout: 0.75 };

describe("what a policy is told beside its instruction", () => {
  it("has room as published, or as the recipe says, and a subgoal for each view", () => {
    expect(knownSizesOf(told({ variant: "pi07_low_level" }).policy)).toEqual({ metadataTokens: 52, subgoals: 2 });
    const own = told({ variant: "pi07_paligemma_low_level", metadataTokens: 9, views: ["front"] });
    expect(knownSizesOf(own.policy)).toEqual({ metadataTokens: 9, subgoals: 1 });
  });

  it("is told as the variant words it, and dropped as the recipe says", () => {
    const metadataDropout = { all: 0.15, each: 0.05 };
    const all = told({ variant: "pi07_paligemma_low_level" }, { metadataDropout, subgoals });
    expect(knownReadingOf(all)).toEqual({ metadata: { format: "pi07_paligemma", dropout: metadataDropout }, subgoals });
    const none = { format: "pi07", dropout: { all: 0, each: 0 } };
    expect(knownReadingOf(told({ variant: "pi07_low_level" }))).toEqual({ metadata: none });
  });

  it("is nothing to a policy that does not read it, whatever the recipe says", () => {
    const other = told({ variant: "pi0", metadataTokens: 9 }, { subgoals, metadataDropout: { all: 0.5, each: 0 } });
    expect([knownSizesOf(other.policy), knownReadingOf(other)]).toEqual([{}, {}]);
  });
});
