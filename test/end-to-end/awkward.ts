import type { Recipe } from "../../src/recipe/schema.ts";
import { awkwardRecipe } from "../../src/recipe/testing/awkward-recipe.ts";

/** The awkward mixture for runs of some length: validated and kept at every fifth step. */
export const recipe: Recipe = {
  ...awkwardRecipe,
  validation: { ...awkwardRecipe.validation, everySteps: 5 },
  checkpoint: { everySteps: 5, keepLast: 2 },
};
