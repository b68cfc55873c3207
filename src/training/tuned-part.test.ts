import { expect, it } from "vitest";
import { readManifest, readWeights } from "../checkpoint/checkpoint.ts";
import { checkpointFolder } from "../checkpoint/store.ts";
import { productOperations } from "../graph/cost.ts";
import { expectSameBits } from "../graph/testing/bits.ts";
import { initialValues, type ParameterValues } from "../nn/parameter.ts";
import { gradientOutputs, traceObjectives } from "../objective/objective.ts";
import { aloneWorld } from "../ranks/open-world.ts";
import { settingOf } from "../recipe/plan.ts";
import type { Recipe } from "../recipe/schema.ts";
import { awkwardRecipe } from "../recipe/testing/awkward-recipe.ts";
import { Rules } from "../validity/rules.ts";
import { type MicroRun, trainMicroRun } from "./testing/micro-run.ts";
import { trainPolicy } from "./train.ts";
import { unwatched } from "./watcher.ts";

function tuned(optimizer: Partial<Recipe["optimizer"]>, batch: Partial<Recipe["batch"]>): Recipe {
  const { optimizer: own, batch: ownBatch } = awkwardRecipe;
  return { ...awkwardRecipe, batch: { ...ownBatch, ...batch }, optimizer: { ...own, ...optimizer } };
}

async function weightsAt({ folder }: MicroRun, step: number) {
  const checkpoint = checkpointFolder(folder, step);
  const manifest = await readManifest(checkpoint);
  return { manifest, ...(await readWeights(checkpoint, manifest)) };
}

async function goOn({ folder, cache }: MicroRun, recipe: Recipe, until: number): Promise<void> {
  const start = { kind: "resume" } as const;
  await trainPolicy({ recipe, folder, start, until, cache, world: await aloneWorld() }, unwatched);
}

it("a run of which a part trains moves that part alone, and goes on under no other choice of parts", async () => {
  const frozen = ["action.in"];
  const recipe = tuned({ train: "expert", frozen }, {});
  const run = await trainMicroRun(recipe, 2);
  const { manifest, parameters, firstMoments } = await weightsAt(run, 2);
  const { parameters: forms } = traceObjectives(settingOf({ recipe, rules: Rules.all }, 3));
  const begun = initialValues(forms, recipe.seed);
  for (const [name, { cells }] of parameters) {
    const trains = /^(expert|state|action)\./.test(name) && !name.startsWith("action.in.");
    const moved = cells.some((cell, at) => cell !== begun.get(name)!.cells[at]);
    expect([name, moved, firstMoments.has(name)]).toEqual([name, trains, trains]);
  }
  expect(manifest.recipe).toMatchObject({ optimizer: { train: "expert", frozen } });
  await expect(goOn(run, tuned({ train: "projections", frozen }, {}), 3)).rejects.toThrow(
    'optimizer.train "expert", got "projections"',
  );
  await run.remove();
});

it("a run of which a part learns at another rate steps there by that share, and has the bits of others elsewhere", async () => {
  const plain = await trainMicroRun(tuned({}, {}), 1);
  const slower = await trainMicroRun(tuned({ rates: { vision: 0.25 } }, {}), 1);
  const begun = initialValues(
    traceObjectives(settingOf({ recipe: awkwardRecipe, rules: Rules.all }, 3)).parameters,
    awkwardRecipe.seed,
  );
  const [one, other] = [await weightsAt(plain, 1), await weightsAt(slower, 1)];
  const step = (weights: ParameterValues, name: string) => {
    const was = begun.get(name)!.cells;
    return weights.get(name)!.cells.reduce((longest, cell, at) => Math.max(longest, Math.abs(cell - was[at]!)), 0);
  };
  for (const name of one.parameters.keys())
    if (name.startsWith("vision."))
      // 0.01: float32 of weights around 1 and steps around 1e-3.
      expect(Math.abs(step(other.parameters, name) / step(one.parameters, name) - 0.25)).toBeLessThan(0.01);
    else expectSameBits(name, other.parameters.get(name), one.parameters.get(name));
  expect(other.manifest.recipe).toMatchObject({ optimizer: { rates: { vision: 0.25 } } });
  await plain.remove();
  await slower.remove();
});

it("a run whose layers are computed twice from some step on has the bits of one whose layers never are", async () => {
  const plain = await trainMicroRun(tuned({}, {}), 4);
  const changed = await trainMicroRun(tuned({}, {}), 2);
  await goOn(changed, tuned({}, { recompute: "blocks" }), 4);
  const [one, other] = [await weightsAt(plain, 4), await weightsAt(changed, 4)];
  expectSameBits("parameters", other.parameters, one.parameters);
  expectSameBits("moments", other.secondMoments, one.secondMoments);
  await plain.remove();
  await changed.remove();
});

it("what does not train costs no gradient", () => {
  const setting = settingOf({ recipe: awkwardRecipe, rules: Rules.all }, 3);
  const traced = traceObjectives(setting);
  const operations = (isTrained: (name: string) => boolean) => {
    const trained = traced.parameters.filter(({ name }) => isTrained(name));
    return productOperations([traced.loss, ...Object.values(gradientOutputs(traced, trained, "nothing"))]);
  };
  const forward = productOperations([traced.loss]);
  // The last map: 3 rows of 5 steps of 9 slots, of 24 numbers each.
  const last = 2 * 3 * 5 * 9 * 24;
  expect(operations((name) => name === "action.out.weight")).toBe(forward + last);
  expect(operations((name) => name === "expert.norm.weight")).toBe(forward + last);
  const all = operations(() => true);
  const withoutVision = operations((name) => !name.startsWith("vision"));
  const expert = operations((name) => /^(expert|state|action)\./.test(name));
  expect([withoutVision < all, expert < withoutVision, forward + last < expert]).toEqual([true, true, true]);
  // Every product has two gradients, but for the first of each kind: its input is given.
  expect(all).toBeLessThan(3 * forward);
  expect(all).toBeGreaterThan(2.5 * forward);
});
