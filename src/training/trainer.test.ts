import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, test } from "vitest";
import { expectSameBits } from "../graph/testing/bits.ts";
import { expectClose } from "../graph/testing/close.ts";
import type { Reduction } from "../loss/reduction.ts";
import type { TrainingState } from "../optimizer/state.ts";
import { aloneWorld } from "../ranks/open-world.ts";
import { localWorlds, onRanks } from "../ranks/testing/local-worlds.ts";
import type { World } from "../ranks/world.ts";
import type { Recipe, RecipeDataset } from "../recipe/schema.ts";
import { awkwardRecipe } from "../recipe/testing/awkward-recipe.ts";
import { newState } from "./begin.ts";
import { Run } from "./run.ts";
import { wholeState } from "./shared-state.ts";
import type { StepResult } from "./trainer.ts";

let cache = "";
beforeAll(async () => {
  cache = await mkdtemp(join(tmpdir(), "armature-trainer-"));
});
afterAll(() => rm(cache, { recursive: true }));

interface FirstStep extends StepResult {
  readonly state: TrainingState;
}

/** The first step of a run, and the state that it leaves. */
async function firstStep(recipe: Recipe, world: World): Promise<FirstStep> {
  const run = await Run.open(recipe, cache, world);
  try {
    const share = await run.stepShares(0, 1)();
    const state = newState(recipe, run.parameters);
    const trainer = await run.trainerFor(state);
    const result = await trainer.step(share, 1e-3);
    return { ...result, state: wholeState(trainer.state()) };
  } finally {
    await run.close();
  }
}

/** A policy, and what its loss is divided by. */
interface Choice {
  readonly policy: Pick<Recipe["policy"], "variant"> & Partial<Recipe["policy"]>;
  readonly reduction: Reduction;
  /** Of its terms. */
  readonly weights: readonly number[];
}

/** The same with responses of the arm and the questions; the others have none. */
const datasets = awkwardRecipe.data.datasets.map((dataset): RecipeDataset => {
  const { name, source, mapping } = dataset;
  if (source.kind !== "generated" || !["arm", "questions"].includes(name)) return dataset;
  const features = [...source.description.features, { key: "subtask", type: "string", shape: [1], names: null }];
  return {
    ...dataset,
    source: { ...source, description: { ...source.description, features } },
    mapping: { ...mapping, response: "subtask" },
  };
});

const recipeOf = ({ policy: own, reduction }: Choice, microBatch: number): Recipe => {
  const { batch, data, policy } = awkwardRecipe;
  return {
    ...awkwardRecipe,
    reduction,
    data: own.responseTokens === undefined ? data : { ...data, datasets },
    batch: { ...batch, microBatch },
    policy: { ...policy, ...own },
  };
};

/** The loss of some samples, worked out from their errors: of each term by itself the mean over cells or samples, all weighed and added up. */
function lossBy({ reduction, weights }: Choice, errors: StepResult["errors"]): number {
  expect(errors[0]!.terms).toHaveLength(weights.length);
  return [...errors[0]!.terms.keys()].reduce((loss, term) => {
    const own = errors.map(({ terms }) => terms[term]!).filter(({ count }) => count > 0);
    if (own.length === 0) return loss;
    const total = (of: (mean: (typeof own)[number]) => number) => own.reduce((sum, mean) => sum + of(mean), 0);
    const byCells = total((one) => one.sum) / total((one) => one.count);
    const mean = reduction === "cells" ? byCells : total((one) => one.sum / one.count) / own.length;
    return loss + weights[term]! * mean;
  }, 0);
}

const rounding = { absolute: 0, relative: 2e-6, because: "the same float32 products in sums of another order" };

const fast = {
  variant: "pi05_fast",
  promptTokens: 90,
  responseTokens: 44,
  responseDropout: 0.3,
  lossWeights: { flow: 2, "action tokens": 0.5, response: 0.25 },
} as const;

/** One term, a term for each of two parts, terms of two objectives, and of three that weigh something. */
const choices: readonly Choice[] = [
  { policy: { variant: "pi0" }, reduction: "cells", weights: [1] },
  { policy: { variant: "groot_n16" }, reduction: "samples", weights: [1, 1] },
  { policy: { variant: "groot_n16" }, reduction: "cells", weights: [1, 1] },
  { policy: { variant: "pi0_prompt" }, reduction: "samples", weights: [1, 1] },
  { policy: fast, reduction: "cells", weights: [2, 0.5, 0.25] },
];

describe.each(choices)("a step of $policy.variant on seven samples, its loss over $reduction", (choice) => {
  let three: FirstStep;
  beforeAll(async () => {
    three = await firstStep(recipeOf(choice, 3), await aloneWorld());
  });

  it("has the loss of all its samples together, not of each micro-batch by itself", () => {
    expect(three.errors).toHaveLength(7);
    expectClose("loss", [three.loss], [lossBy(choice, three.errors)], rounding);
    const parts = [three.errors.slice(0, 3), three.errors.slice(3, 6), three.errors.slice(6)];
    const means = parts.map((part) => lossBy(choice, part));
    const meanOfMeans = means.reduce((sum, mean) => sum + mean, 0) / means.length;
    expect(Math.abs(meanOfMeans / three.loss - 1)).toBeGreaterThan(0.01);
  });

  it("has in micro-batches of three the loss, the gradient and the errors of one batch", async () => {
    const other = await firstStep(recipeOf(choice, 7), await aloneWorld());
    expectClose("loss", [three.loss], [other.loss], rounding);
    expectClose("norm of the gradient", [three.gradientNorm], [other.gradientNorm], { ...rounding, relative: 1e-5 });
    for (const [name, { cells }] of other.state.first) {
      const size = Math.hypot(...cells);
      expectClose(`gradient of ${name}`, three.state.first.get(name)!.cells, cells, {
        absolute: 1e-5 * size + 1e-9,
        relative: 0,
        because: "float32 sums of another order, beside the length of the gradient",
      });
    }
    for (const [at, { terms, ...sample }] of three.errors.entries()) {
      const { terms: wanted, ...same } = other.errors[at]!;
      expect(sample).toEqual(same);
      expectClose(
        `error of sample ${at}`,
        terms.map(({ sum }) => sum),
        wanted.map(({ sum }) => sum),
        { ...rounding, relative: 1e-5 },
      );
      expect(terms.map(({ count }) => count)).toEqual(wanted.map(({ count }) => count));
    }
  });

  it("is the same to the bit where two ranks share the three micro-batches", async () => {
    const found = await onRanks(await localWorlds(2, 60), (world) => firstStep(recipeOf(choice, 3), world));
    for (const { loss, errors, state } of found)
      expectSameBits(
        "step",
        { loss, errors, parameters: state.parameters, first: state.first },
        { loss: three.loss, errors: three.errors, parameters: three.state.parameters, first: three.state.first },
      );
  });
});

test("a step whose loss is no number is refused, with its number and its samples", async () => {
  const run = await Run.open(awkwardRecipe, cache, await aloneWorld());
  const state = newState(awkwardRecipe, run.parameters);
  state.trained.get("action.out.bias")!.cells.fill(Number.NaN);
  const share = await run.stepShares(0, 1)();
  const trainer = await run.trainerFor({ ...state, step: 41 });
  // Dataset, episode and frame of each of seven samples.
  await expect(trainer.step(share, 1e-3)).rejects.toThrow(
    /^train: step 42: expected a finite loss, got NaN on (\w+ \d+:\d+, ){6}\w+ \d+:\d+; checkpoints before it are whole/,
  );
  await run.close();
});
