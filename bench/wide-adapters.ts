import type { Recipe } from "../src/recipe/schema.ts";
import { recipe as wide } from "./wide.ts";

/** The policy of `bench/wide.ts` with its own weights frozen and LoRA beside attention and feed-forward: docs/benchmarks.md, "What does not train". */
export const recipe: Recipe = {
  ...wide,
  name: "wide-adapters",
  policy: { ...wide.policy, adapters: { rank: 16, alpha: 16, below: ["backbone", "expert"] } },
};
