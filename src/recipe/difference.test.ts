import { describe, expect, it } from "vitest";
import { InputError } from "../input-error.ts";
import { checkResumedRecipe, recipeDifferences } from "./difference.ts";
import { recipe } from "./testing/recipe.ts";

describe("recipeDifferences", () => {
  it("are none between a recipe and its copy", () => {
    expect(recipeDifferences(recipe, structuredClone(recipe))).toEqual([]);
  });

  it("are named by path, also where one recipe lacks a value or has an empty list", () => {
    const other = {
      ...recipe,
      seed: 8,
      data: { ...recipe.data, augmentation: null, datasets: recipe.data.datasets.slice(0, 1) },
      policy: { ...recipe.policy, views: [] },
    };
    const found = recipeDifferences(recipe, other);
    expect(found).toContainEqual({ path: "seed", one: 7, other: 8 });
    expect(found).toContainEqual({ path: "data.augmentation.crop", one: 0.95, other: undefined });
    expect(found).toContainEqual({ path: "data.augmentation", one: undefined, other: null });
    expect(found).toContainEqual({ path: "data.datasets.1.weight", one: 0.5, other: undefined });
    expect(found).toContainEqual({ path: "policy.views", one: undefined, other: "[]" });
  });
});

const rollout = {
  everySteps: 10,
  robots: [{ name: "reacher", dataset: null }],
  episodes: 5,
  seed: 0,
  execute: null,
  delay: 0,
  sideBySide: 5,
};

describe("checkResumedRecipe", () => {
  it("lets a run continue with other folders, workers and checkpoints", () => {
    const given = {
      ...recipe,
      data: { ...recipe.data, root: "/data", workers: 5 },
      checkpoint: { everySteps: 5, keepLast: 9 },
    };
    expect(checkResumedRecipe("runs/a", recipe, given)).toEqual([]);
  });

  it("lets a run continue with rollouts that it did not have, others, or none", () => {
    const played = { ...recipe, rollout };
    const otherwise = { ...recipe, rollout: { ...rollout, everySteps: 5 } };
    expect(checkResumedRecipe("runs/a", recipe, played)).toEqual([]);
    expect(checkResumedRecipe("runs/a", played, otherwise)).toEqual([]);
    expect(checkResumedRecipe("runs/a", played, recipe)).toEqual([]);
  });

  it("refuses another rate of a part, or one that the run did not have", () => {
    const at = (factor: number) => ({ ...recipe, optimizer: { ...recipe.optimizer, rates: { vision: factor } } });
    expect(() => checkResumedRecipe("runs/a", at(0.1), at(0.2))).toThrow("optimizer.rates.vision 0.1, got 0.2");
    expect(() => checkResumedRecipe("runs/a", recipe, at(0.2))).toThrow("optimizer.rates.vision nothing, got 0.2");
  });

  it("tells of threads and device, after which the bits are others", () => {
    const given = { ...recipe, threads: 2 };
    expect(checkResumedRecipe("runs/a", recipe, given)).toEqual([{ path: "threads", one: 1, other: 2 }]);
  });

  it("refuses to trim idle frames that the run trained on, or others than the run did", () => {
    const trimming = (below: number) => {
      const datasets = recipe.data.datasets.map((dataset) => ({ ...dataset, trimIdle: { below, keep: 2 } }));
      return { ...recipe, data: { ...recipe.data, datasets: datasets.slice(0, 1) } };
    };
    const plain = { ...recipe, data: { ...recipe.data, datasets: recipe.data.datasets.slice(0, 1) } };
    expect(() => checkResumedRecipe("runs/a", plain, trimming(0.5))).toThrow(
      "data.datasets.0.trimIdle.below nothing, got 0.5; data.datasets.0.trimIdle.keep nothing, got 2",
    );
    expect(() => checkResumedRecipe("runs/a", trimming(0.5), trimming(1))).toThrow("trimIdle.below 0.5, got 1");
    expect(checkResumedRecipe("runs/a", trimming(0.5), trimming(0.5))).toEqual([]);
  });

  it("refuses whatever makes it another run, all at once", () => {
    const given = { ...recipe, threads: 2, seed: 8, batch: { ...recipe.batch, size: 16 } };
    expect(() => checkResumedRecipe("runs/a", recipe, given)).toThrow(
      new InputError(
        "runs/a: expected the run's own recipe, with seed 7, got 8; batch.size 8, got 16; begin a new run with --init",
      ),
    );
  });
});
