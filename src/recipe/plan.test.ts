import { expect, it } from "vitest";
import { pastEnds } from "../policy/head/form.ts";
import { readingOf } from "./plan.ts";
import { mixtureOf } from "./schema.ts";
import { awkwardRecipe } from "./testing/awkward-recipe.ts";

it("a copy of the last action is written past an episode's end for weights that read it there, and for no others", () => {
  const read = (pastEnd: (typeof pastEnds)[number]) =>
    readingOf({ ...awkwardRecipe, conventions: { ...awkwardRecipe.conventions, actionSight: "both", pastEnd } })
      .pastEnd;
  expect(pastEnds.map((pastEnd) => [pastEnd, read(pastEnd)])).toEqual([
    ["hidden", "nothing"],
    ["seen", "nothing"],
    ["repeated", "last action"],
    ["taught", "last action"],
    ["inside", "nothing"],
  ]);
});

it("windows that reach past the end are left out for weights that were trained so, at the recipe's rate", () => {
  const inside = { ...awkwardRecipe.conventions, actionSight: "both", pastEnd: "inside" } as const;
  expect(mixtureOf(awkwardRecipe).windows).toBe("every");
  expect(mixtureOf({ ...awkwardRecipe, conventions: inside }).windows).toEqual({
    steps: 5,
    rate: 6,
  });
});
