import { variants } from "../../src/policy/variant.ts";
import type { Recipe } from "../../src/recipe/schema.ts";
import { recipe as awkward } from "../end-to-end/awkward.ts";

const { micro } = variants.pi0.sizes;

/**
 * The awkward mixture with a policy of 3.6 million weights: they are updated in two groups, so that each of two ranks keeps the moments
 * of one. The weights of smaller policies are one group, which one rank keeps.
 */
export const recipe: Recipe = {
  ...awkward,
  policy: { ...awkward.policy, size: { ...micro, expert: { ...micro.expert, mlp: 16_384 } } },
};
