import { generatedPadding } from "../audit/every-padding.ts";

/** Every padding, on data from formulas. */
export const recipe = generatedPadding("groot_n16");
