import { afterAll, beforeAll, expect, it } from "vitest";
import { cacheFolder } from "../../cache-folder.ts";
import { type OpenMixture, openMixture } from "../../mixture/mixture.ts";
import { costOf } from "../../objective/cost.ts";
import { mixtureOf } from "../../recipe/mixture-of.ts";
import { type Plan, planOf, settingOf } from "../../recipe/plan.ts";
import { awkwardRecipe as recipe } from "../../recipe/testing/awkward-recipe.ts";
import { computePadding, roomOf } from "./compute.ts";

let open: OpenMixture;
let plan: Plan;
beforeAll(async () => {
  open = await openMixture(mixtureOf(recipe));
  plan = await planOf(recipe, open, cacheFolder("statistics"));
});
afterAll(() => open.close());

const axis = (letter: "o" | "v" | "s" | "n", size: number) => ({ letter, name: letter, size });
const fields = [
  { name: "images", axes: [axis("o", 3), axis("v", 2)] },
  { name: "state", axes: [axis("o", 3), axis("s", 2)] },
  { name: "prompt", axes: [axis("n", 5)] },
];

it("finds the views that a sample has, the slots up to its first that is real, and its tokens", () => {
  // One camera, seen now and in the slot before; a state from the same slot on; three tokens.
  const real = { images: "000101", state: "001110", prompt: "11100" };
  expect(roomOf(fields, { real })).toEqual({ views: 1, observations: 2, tokens: 3 });
  const none = { images: "000000", state: "000011", prompt: "00000" };
  expect(roomOf(fields, { real: none })).toEqual({ views: 0, observations: 1, tokens: 1 });
  expect(roomOf(fields, { real: { images: "110000", state: "000000", prompt: "11111" } })).toEqual({
    views: 2,
    observations: 3,
    tokens: 5,
  });
});

it("counts what a sample would take in a policy whose batches are as large as it is", () => {
  const { views, promptTokens: tokens, history } = recipe.policy;
  const observations = history.slots;
  const smaller = (changes: Partial<typeof recipe.policy>) => {
    const changed = { ...plan, recipe: { ...recipe, policy: { ...recipe.policy, ...changes } } };
    return costOf(settingOf(changed, 1)).gradientOperations;
  };
  const whole = smaller({});
  const rooms = [
    { views: views.length, observations, tokens },
    { views: 0, observations, tokens },
    { views: views.length, observations, tokens: 3 },
    { views: views.length, observations: 1, tokens },
  ];
  const draws = rooms.map(() => ({ member: 0, episode: 0, frame: 0, draw: 0 }));
  const found = computePadding(plan, draws, rooms);
  expect(found[0]).toBe(0);
  expect(found[1]).toBeCloseTo(1 - smaller({ views: [] }) / whole, 12);
  expect(found[2]).toBeCloseTo(1 - smaller({ promptTokens: 3 }) / whole, 12);
  expect(found[3]).toBeCloseTo(1 - smaller({ history: { ...history, slots: 1 } }) / whole, 12);
  for (const share of found.slice(1)) expect(share).toBeGreaterThan(0.01);
});
