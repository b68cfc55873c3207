import { describe, expect, it } from "vitest";
import { variants } from "../policy/variant.ts";
import { Rules } from "../validity/rules.ts";
import { embodimentWeightProblems, partProblems, partsOf } from "./parts.ts";
import { conventionsOf, formOf, termsOf } from "./plan.ts";
import type { Recipe } from "./schema.ts";
import { awkwardRecipe } from "./testing/awkward-recipe.ts";
import { recipe } from "./testing/recipe.ts";

const groot: Recipe = { ...awkwardRecipe, policy: { ...awkwardRecipe.policy, variant: "groot_n16" } };

describe("the parts of an action", () => {
  it("are terms of their own with GR00T's head, and one term of every slot with π0's", () => {
    const names = (of: Recipe) =>
      termsOf({ recipe: of, rules: Rules.all }).map(({ name, slots }) => [name, slots.length]);
    expect(names(groot)).toEqual([
      ["arm", 6],
      ["claw", 1],
    ]);
    expect(names({ ...groot, policy: { ...groot.policy, variant: "pi0" } })).toEqual([["velocity", 9]]);
    expect(names({ ...groot, policy: { ...groot.policy, parts: null } })).toEqual([["velocity", 9]]);
  });

  it("share a denominator where that rule is switched off", () => {
    const terms = termsOf({ recipe: groot, rules: Rules.without("part-denominators") });
    expect(terms).toEqual([
      { name: "parts", errors: "velocity", slots: [0, 1, 2, 5, 7, 8, 4], reduction: "cells", weight: 1 },
    ]);
  });

  it("hold every dof of every robot that acts: one in no part would never move", () => {
    const dof = { unit: "rad", part: "arm", kind: "continuous", state: null } as const;
    const dofs = [
      { ...dof, name: "elbow", slot: 0 },
      { ...dof, name: "wrist", slot: 3 },
    ];
    const columns = { action: [], state: [], prompt: { kind: "task" } } as const;
    const robot = {
      robotType: "toy",
      controlMode: "joint",
      dofs,
      states: [],
      cameras: [],
      columns,
      target: "actions",
    } as const;
    const { policy } = groot;
    expect(partProblems(policy, "toy / joint", robot)).toEqual([
      'toy / joint: expected every dof in a slot of policy.parts, got "wrist" (slot 3) in none',
    ]);
    expect(partProblems({ ...policy, parts: null }, "toy / joint", robot)).toEqual([]);
    expect(partProblems({ ...policy, variant: "pi0" }, "toy / joint", robot)).toEqual([]);
    expect(partProblems(policy, "toy / joint", { ...robot, target: "none" })).toEqual([]);
  });
});

it("GR00T's head has a set of weights for each dataset, and noise at time zero", () => {
  expect(formOf(groot).head).toEqual({
    kind: "groot",
    size: variants.groot_n16.sizes.micro.dit,
    decoder: "by part",
    parts: awkwardRecipe.policy.parts,
    embodiments: 5,
    crossAttentionKeys: "real",
    horizon: groot.policy.actionHorizon,
    actionSight: "causal",
    pastEnd: "hidden",
  });
  expect(conventionsOf(groot).timeDirection).toBe("noise-at-zero");
  expect(conventionsOf(recipe).timeDirection).toBe("noise-at-one");
  expect(partsOf(recipe.policy).map(({ slots }) => slots.length)).toEqual([14]);
});

it("weights by embodiment are those of the normalisation groups that they were trained on, and of no others", () => {
  const trained = ["arm / joint", "hand / joint", "arm / ee"];
  expect(embodimentWeightProblems("groot", trained, trained)).toEqual([]);
  expect(embodimentWeightProblems("groot", trained, trained.slice(0, 2))).toEqual([]);
  expect(embodimentWeightProblems("groot", trained, trained.slice(1))).toEqual([
    "expected the normalisation groups that the weights were trained on in their order (arm / joint, hand / joint, arm / ee), " +
      "got hand / joint, arm / ee",
  ]);
  expect(embodimentWeightProblems("flow", trained, trained.slice(1))).toEqual([]);
});
