import type { Recipe } from "../../src/recipe/schema.ts";
import { generatedPadding } from "../audit/every-padding.ts";

/** Every kind of padding from formulas, with a policy of two objectives; its last dataset has no robot target. */
export const recipe: Recipe = { ...generatedPadding("pi0_prompt"), name: "two-objectives" };
