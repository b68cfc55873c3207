import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { raggedBatch } from "../batch/testing/example-batch.ts";
import { aloneWorld } from "../ranks/open-world.ts";
import { layoutOf } from "../recipe/plan.ts";
import type { Recipe } from "../recipe/schema.ts";
import { microRecipe } from "../recipe/testing/micro-recipe.ts";
import { asAsked } from "./action-errors.ts";
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
    run = await trainMicroRun(microRecipe, 2);
    found = await validate(run.recipe, 5);
  });
  afterAll(() => run.remove());

  it("are given for every dof of every dataset, over the real steps of the samples asked for", () => {
    expect(found.actionErrors.map(({ dataset, dof }) => `${dataset} ${dof}`)).toEqual([
      ...["joint_0", "joint_1", "joint_2", "joint_3", "joint_4", "joint_5", "gripper"].map((dof) => `dobot_cr5 ${dof}`),
      "pusht x",
      "pusht y",
    ]);
    for (const { samples, steps, meanAbsoluteError } of found.actionErrors) {
      expect(samples).toBe(5);
      expect(steps).toBeGreaterThan(5);
      expect(steps).toBeLessThan(5 * 6);
      expect(meanAbsoluteError).toBeGreaterThan(0);
    }
  });

  it("are the same to the bit at another training batch size, another number of workers and another call", async () => {
    const { batch, data } = run.recipe;
    const other = { ...run.recipe, batch: { ...batch, size: 3, microBatch: 3 }, data: { ...data, workers: 2 } };
    expect((await validate(other, 5)).actionErrors).toEqual(found.actionErrors);
  });

  it("leave the losses as they are, and are not there where none were asked for", async () => {
    const without = await validate(run.recipe, 0);
    expect(without.actionErrors).toEqual([]);
    expect(without.validation).toEqual(found.validation);
  });

  it("are over all draws of noise, each step counted at each", async () => {
    const twice = await validate({ ...run.recipe, validation: { ...run.recipe.validation, draws: 2 } }, 5);
    for (const [at, { samples, steps, meanAbsoluteError }] of twice.actionErrors.entries()) {
      const once = found.actionErrors[at]!;
      expect([samples, steps]).toEqual([once.samples, 2 * once.steps]);
      expect(meanAbsoluteError).not.toBe(once.meanAbsoluteError);
    }
  });
});

it("samples without a robot target have no error of actions", async () => {
  const [arm, cart] = microRecipe.data.datasets;
  const watching: Recipe = {
    ...microRecipe,
    data: { ...microRecipe.data, datasets: [arm!, { ...cart!, mapping: { ...cart!.mapping, target: "none" } }] },
  };
  const run = await trainMicroRun(watching, 1);
  const request = {
    folder: run.folder,
    recipe: watching,
    cache: run.cache,
    actionSamples: 2,
    allowed: new Set<never>(),
  };
  const { actionErrors } = await validateRun({ ...request, world: await aloneWorld() }, () => {});
  await run.remove();
  expect(new Set(actionErrors.map(({ dataset }) => dataset))).toEqual(new Set(["dobot_cr5"]));
});

it("a robot that asks does not know where its episode will end: every step of a sample exists, and none of a filler row", () => {
  const layout = { ...layoutOf(microRecipe, 4), steps: 3 };
  const { facts } = asAsked(raggedBatch(layout, 1));
  expect([...facts.rowReal.bits]).toEqual([1, 1, 1, 0]);
  expect([...facts.stepReal.bits]).toEqual([1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0]);
});
