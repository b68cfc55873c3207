import { expect, it } from "vitest";
import { shapeProblems } from "./batch-schema.ts";
import { recipeSchema } from "./schema.ts";
import { awkwardRecipe } from "./testing/awkward-recipe.ts";

const { batch, conventions, policy } = awkwardRecipe;
const fit = { ...awkwardRecipe, batch: { ...batch, shapes: "fit" as const } };
const readsAll = { conventions: { ...conventions, crossAttentionKeys: "asReleasedGr00t" as const } };
const marked = { policy: { ...policy, pictureMarks: { before: [1], after: [], ofAbsent: "read" as const } } };

it("weights that read what does not exist are computed in one shape alone", () => {
  expect(shapeProblems(fit)).toEqual([]);
  expect(shapeProblems({ ...fit, ...readsAll })).toEqual([
    'expected "one" where conventions.crossAttentionKeys is "asReleasedGr00t", as weights do that read what does not exist, got "fit"',
  ]);
  expect(shapeProblems({ ...fit, ...marked })).toEqual([
    'expected "one" where policy.pictureMarks.ofAbsent is "read", as weights do that read what does not exist, got "fit"',
  ]);
  expect(shapeProblems({ ...awkwardRecipe, ...readsAll, ...marked })).toEqual([]);
  const hidden = { ...marked.policy, pictureMarks: { ...marked.policy.pictureMarks, ofAbsent: "hidden" as const } };
  expect(shapeProblems({ ...fit, policy: hidden })).toEqual([]);
});

it("a recipe says so by the key", () => {
  const found = recipeSchema.safeParse({ ...fit, ...readsAll });
  expect(found.error?.issues.map(({ path }) => path.join("."))).toEqual(["batch.shapes"]);
  expect(recipeSchema.safeParse(fit).success).toBe(true);
});
