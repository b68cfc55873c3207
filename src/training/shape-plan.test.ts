import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { stepDraws } from "../batch/request.ts";
import { type BatchShape, layoutIn } from "../batch/shape.ts";
import type { Feature } from "../dataset/dataset.ts";
import { asFound } from "../embodiment/mapping.ts";
import { openMixture } from "../mixture/mixture.ts";
import { costOf } from "../objective/cost.ts";
import { mixtureOf } from "../recipe/mixture-of.ts";
import { type Plan, planOf, settingOf } from "../recipe/plan.ts";
import type { Recipe, RecipeDataset } from "../recipe/schema.ts";
import { plainRecipe } from "../recipe/testing/awkward-recipe.ts";
import { shapePlanOf, shapingOf } from "./shape-plan.ts";

let cache = "";
beforeAll(async () => {
  cache = await mkdtemp(join(tmpdir(), "armature-shape-plan-"));
});
afterAll(() => rm(cache, { recursive: true }));

async function planned(recipe: Recipe): Promise<Plan> {
  const open = await openMixture(mixtureOf(recipe));
  try {
    return await planOf(recipe, open, cache);
  } finally {
    await open.close();
  }
}

/** A robot of two dofs with some cameras, in episodes of ten frames. */
function robot(name: string, cameras: readonly string[], tasks: readonly string[]): RecipeDataset {
  const vector = (key: string): Feature => ({ key, type: "float32", shape: [2], names: null });
  const features = [
    vector("action"),
    vector("observation.state"),
    ...cameras.map((view): Feature => ({ key: view, type: "video", shape: [8, 8, 3], names: null })),
  ];
  const lengths = { episodeLengths: [10, 10, 10, 10], tasks: [...tasks], seed: 1 };
  const description = { robotType: name, framesPerSecond: 10, features, ...lengths };
  const views = Object.fromEntries(cameras.map((view) => [view, view]));
  const mapping = { ...asFound, controlMode: "joint", cameras: views };
  return { name, source: { kind: "generated", description }, episodes: "all", role: "both", weight: 1, mapping };
}

const blind = robot("blind", [], ["go", "come back"]);
const seeing = robot("seeing", ["front", "side"], ["look"]);

/** Every micro-batch has room for a whole batch. */
function recipeOf(datasets: readonly RecipeDataset[], size: number, policy: Partial<Recipe["policy"]> = {}): Recipe {
  const plain = plainRecipe(datasets, ["front", "side"]);
  return {
    ...plain,
    batch: { size, microBatch: size, shapes: "fit" },
    policy: { ...plain.policy, promptTokens: 32, ...policy },
  };
}

describe("the shapes of a mixture of robots with two cameras and with none", () => {
  it("are what each needs: its cameras, and its longest prompt", async () => {
    const { kinds, shapes, shapeOfKind, whole, padding } = shapePlanOf(await planned(recipeOf([blind, seeing], 1000)));
    // "come back" has 9 bytes and "look" 4; a token begins each.
    expect(kinds).toEqual([
      { member: 0, readsHistory: false, need: { views: 0, observations: 1, tokens: 10 }, share: 0.5 },
      { member: 1, readsHistory: false, need: { views: 2, observations: 1, tokens: 5 }, share: 0.5 },
    ]);
    expect(shapes).toEqual(kinds.map(({ need }) => need));
    expect(shapeOfKind).toEqual([0, 1]);
    expect(padding.fit).toBe(0);
    expect(whole).toMatchObject({ views: 2, observations: 1, tokens: 32 });
  });

  it("are one where rows are so few that micro-batches of their own cost more", async () => {
    const { shapes, shapeOfKind } = shapePlanOf(await planned(recipeOf([blind, seeing], 2)));
    expect(shapes).toEqual([{ views: 2, observations: 1, tokens: 10 }]);
    expect(shapeOfKind).toEqual([0, 0]);
  });

  it("leave as padding of a step's products what no row needs", async () => {
    const plan = await planned(recipeOf([blind, seeing], 2));
    const setting = settingOf(plan, 1);
    const products = (shape: BatchShape) =>
      costOf({ ...setting, layout: layoutIn(setting.layout, shape) }).gradientOperations;
    const [none, two] = [
      { views: 0, observations: 1, tokens: 10 },
      { views: 2, observations: 1, tokens: 5 },
    ];
    const needed = (products(none) + products(two)) / 2;
    const { padding } = shapePlanOf(plan);
    expect(padding.one).toBeCloseTo(1 - needed / products({ views: 2, observations: 1, tokens: 32 }), 12);
    expect(padding.fit).toBeCloseTo(1 - needed / products({ views: 2, observations: 1, tokens: 10 }), 12);
    expect(padding.one).toBeGreaterThan(0.3);
  });
});

describe("history", () => {
  const history = { slots: 3, interval: 2, dropout: 0.25 };

  it("is read by the share of rows that have frames before theirs and keep it", async () => {
    const { kinds } = shapePlanOf(await planned(recipeOf([seeing], 1000, { history })));
    // Of ten frames the first two have no slot before them.
    expect(kinds.map(({ readsHistory, need, share }) => [readsHistory, need.observations, share])).toEqual([
      [true, 3, 0.75 * 0.8],
      [false, 1, 1 - 0.75 * 0.8],
    ]);
  });

  it("is what the rows of a shape with one slot do not read, and validation drops none", async () => {
    const plan = await planned(recipeOf([seeing], 1000, { variant: "pi05_mem", history }));
    const { shapes, shapeOf } = shapingOf(plan)!;
    const draws = stepDraws(plan.mixture, 400, 0);
    const slots = (purpose: "train" | "validation") =>
      draws.map((draw) => shapes[shapeOf(draw, purpose)]!.observations);
    for (const [at, count] of slots("validation").entries()) expect(count).toBe(draws[at]!.frame < 2 ? 1 : 3);
    const kept = slots("train").filter((count, at) => count === 3 && draws[at]!.frame >= 2).length;
    const behind = draws.filter(({ frame }) => frame >= 2).length;
    expect(slots("train").some((count, at) => count === 3 && draws[at]!.frame < 2)).toBe(false);
    expect(kept / behind).toBeGreaterThan(0.65);
    expect(kept / behind).toBeLessThan(0.85);
  });
});

it("is not asked for where a recipe has one shape", async () => {
  const recipe = recipeOf([blind, seeing], 8);
  const { shapes: _, ...batch } = recipe.batch;
  expect(shapingOf(await planned({ ...recipe, batch }))).toBeNull();
  expect(shapingOf(await planned({ ...recipe, batch: { ...batch, shapes: "one" } }))).toBeNull();
});
