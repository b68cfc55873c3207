import type { Recipe } from "../../src/recipe/schema.ts";
import { recipe as toy } from "./toy.ts";

/** Every episode of the toy, however many there are. */
export const recipe: Recipe = {
  ...toy,
  name: "growing",
  data: { ...toy.data, datasets: toy.data.datasets.map((dataset) => ({ ...dataset, episodes: "all" })) },
  policy: { ...toy.policy, views: [] },
};
