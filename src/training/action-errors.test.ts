import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { raggedBatch } from "../batch/testing/example-batch.ts";
import { expectSameBits } from "../graph/testing/bits.ts";
import { aloneWorld } from "../ranks/open-world.ts";
import { layoutOf } from "../recipe/plan.ts";
import type { Recipe } from "../recipe/schema.ts";
import { awkwardRecipe } from "../recipe/testing/awkward-recipe.ts";
import { asAsked } from "./action-errors.ts";
import { Recordings } from "./recording.ts";
import { type MicroRun, trainMicroRun } from "./testing/micro-run.ts";
import { type RunValidation, validateRun } from "./validate-run.ts";

describe("errors of sampled actions", () => {
  let run: MicroRun;
  let found: RunValidation;
  const validate = async (recipe: Recipe, actionSamples: number) =>
    validateRun(
      {
        folder: run.folder,
        recipe,
        cache: run.cache,
        actionSamples,
        allowed: new Set<never>(),
        world: await aloneWorld(),
      },
      () => {},
    );

  beforeAll(async () => {
    run = await trainMicroRun(awkwardRecipe, 2);
    found = await validate(run.recipe, 5);
  });
  afterAll(() => run.remove());

  it("are given for every dof of every dataset, over the real steps of the samples asked for", () => {
    expect(found.actionErrors.map(({ dataset, dof }) => `${dataset} ${dof}`)).toEqual([
      ...["claw", "wrist", "shoulder", "elbow", "out", "turn"].map((dof) => `arm ${dof}`),
      ...["claw", "wrist", "shoulder", "elbow"].map((dof) => `twin ${dof}`),
      ...["x", "y"].map((dof) => `cart ${dof}`),
    ]);
    for (const { samples, steps, unsaidSteps, meanAbsoluteError } of found.actionErrors) {
      expect(samples).toBe(5);
      // A flow says every step; those past an episode's end, which some of the samples have, are none that it left out.
      expect(unsaidSteps).toBe(0);
      // Two draws of each of five samples, of at least one and at most five steps.
      expect(steps).toBeGreaterThan(2 * 5);
      expect(steps).toBeLessThan(2 * 5 * 5);
      expect(meanAbsoluteError).toBeGreaterThan(0);
    }
  });

  it("are the same to the bit at another training batch size, another number of workers and another call", async () => {
    const { batch, data } = run.recipe;
    const other = { ...run.recipe, batch: { ...batch, size: 4, microBatch: 4 }, data: { ...data, workers: 2 } };
    expectSameBits("errors", (await validate(other, 5)).actionErrors, found.actionErrors);
  });

  it("leave the losses as they are, and are not there where none were asked for", async () => {
    const without = await validate(run.recipe, 0);
    expect(without.actionErrors).toEqual([]);
    expect(without.validation).toEqual(found.validation);
  });

  it("are over all draws of noise, each step counted at each", async () => {
    const once = await validate({ ...run.recipe, validation: { ...run.recipe.validation, draws: 1 } }, 5);
    for (const [at, { samples, steps, meanAbsoluteError }] of once.actionErrors.entries()) {
      const twice = found.actionErrors[at]!;
      expect([samples, 2 * steps]).toEqual([twice.samples, twice.steps]);
      expect(meanAbsoluteError).not.toBe(twice.meanAbsoluteError);
    }
  });

  it("close the recordings that they are measured against", async () => {
    const closing = vi.spyOn(Recordings.prototype, "close");
    await validate(run.recipe, 1);
    expect(closing).toHaveBeenCalledOnce();
    closing.mockRestore();
  });

  it("are none for samples without a robot target", () => {
    expect(new Set(found.actionErrors.map(({ dataset }) => dataset))).toEqual(new Set(["arm", "twin", "cart"]));
    expect(found.validation.groups.map(({ dataset }) => dataset)).toContain("questions");
  });
});

it("a robot that asks does not know where its episode will end: every step of a sample exists, and none of a filler row", () => {
  const layout = { ...layoutOf(awkwardRecipe, 4), steps: 3 };
  const { facts } = asAsked(raggedBatch(layout, 1));
  expect([...facts.rowReal.bits]).toEqual([1, 1, 1, 0]);
  expect([...facts.stepReal.bits]).toEqual([1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0]);
});
