import { expect, it } from "vitest";
import type { Statistics } from "../dataset/statistics.ts";
import { openMixture } from "../mixture/mixture.ts";
import { pastEnds } from "../policy/head/form.ts";
import { Rules } from "../validity/rules.ts";
import { mixtureOf } from "./mixture-of.ts";
import { groupNamesOf, readingOf, targetOf } from "./plan.ts";
import { awkwardRecipe } from "./testing/awkward-recipe.ts";
import { craneRecipe } from "./testing/cranes.ts";

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

it("what moves and what a group weighs goes by dataset and control mode: one dataset may have two", async () => {
  const [north, cart] = craneRecipe.data.datasets;
  const entry = (episodes: number[], weight: number, controlMode: string) => {
    return { ...north!, episodes, weight, mapping: { ...north!.mapping, controlMode } };
  };
  const datasets = [entry([0, 1], 5, "joint"), entry([2, 3], 1, "ee"), { ...cart!, weight: 2 }];
  const recipe = { ...craneRecipe, data: { ...craneRecipe.data, datasets } };
  const { mixture, close } = await openMixture(mixtureOf(recipe));
  await close();
  const span = (high: readonly number[]): Statistics => {
    const [zeros, max] = [new Float64Array(high.length), Float64Array.from(high)];
    return { count: 9, mean: zeros, std: max, min: zeros, max, q01: zeros, q99: max };
  };
  const moving = new Map([
    ["crane / joint", span([1, 0, 1])],
    ["crane / ee", span([0, 1, 0])],
    ["cart / ee", span([1, 0])],
  ]);
  const statistics = new Map([...moving].map(([name, action]) => [name, { action, state: span([1, 1, 1]) }]));
  const plan = { recipe, mixture, statistics, rules: Rules.all, findings: [] };
  const { share } = groupNamesOf(plan);
  const { moves } = targetOf(plan, "training");
  const found = mixture.members.map(({ dataset, controlMode }) => {
    const where = { dataset, controlMode };
    return [share(where), [0, 1, 2].map((dof) => moves(where, dof))];
  });
  expect(found).toEqual([
    [5 / 8, [true, false, true]],
    [1 / 8, [false, true, false]],
    [2 / 8, [true, false, false]],
  ]);
});
