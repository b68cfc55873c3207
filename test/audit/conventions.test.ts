import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { auditRecipe } from "../../src/audit/audit-recipe.ts";
import { auditRequests, loadGlobalBatches } from "../../src/audit/real-batch.ts";
import { GlobalBatchRunner } from "../../src/audit/runner.ts";
import { exercisedWeights } from "../../src/audit/weight.ts";
import { type ConventionName, conventionNames } from "../../src/checkpoint/convention-name.ts";
import { openMixture } from "../../src/mixture/mixture.ts";
import { traceObjectives } from "../../src/objective/objective.ts";
import { aloneWorld } from "../../src/ranks/open-world.ts";
import { mixtureOf } from "../../src/recipe/mixture-of.ts";
import { conventionsOf, loadPlanOf, planOf, settingOf } from "../../src/recipe/plan.ts";
import type { Recipe } from "../../src/recipe/schema.ts";
import { awkwardRecipe } from "../../src/recipe/testing/awkward-recipe.ts";
import { type MicroRun, trainMicroRun } from "../../src/training/testing/micro-run.ts";
import { trainPolicy } from "../../src/training/train.ts";
import { validateRun } from "../../src/training/validate-run.ts";
import { unwatched } from "../../src/training/watcher.ts";
import { generatedPadding } from "./every-padding.ts";

type Changes = Readonly<Record<ConventionName, (recipe: Recipe) => Recipe>>;

const withConvention = (change: Partial<Recipe["conventions"]>) => (recipe: Recipe) => ({
  ...recipe,
  conventions: { ...recipe.conventions, ...change },
});

/** A recipe that trains under another convention, for each of them. */
const changes: Changes = {
  timeDirection: (recipe) => ({ ...recipe, policy: { ...recipe.policy, variant: "pi0" } }),
  unrealInput: withConvention({ unrealInput: "noise" }),
  supervision: (recipe) => ({ ...recipe, supervision: "allReal" }),
  actionSight: withConvention({ actionSight: "both" }),
  // Nothing is read past the end but where a step reads later ones.
  pastEnd: withConvention({ actionSight: "both", pastEnd: "seen" }),
  crossAttentionKeys: withConvention({ crossAttentionKeys: "asReleasedGr00t" }),
  reduction: (recipe) => ({ ...recipe, reduction: recipe.reduction === "cells" ? "samples" : "cells" }),
  normalizationEpsilon: withConvention({ normalizationEpsilon: 0.5 }),
  zeroRange: withConvention({ zeroRange: "epsilon" }),
  coincidingQuantiles: withConvention({ coincidingQuantiles: "epsilon" }),
  letterbox: withConvention({ letterbox: "bilinear-bottom-right" }),
};

let cache = "";
beforeAll(async () => {
  cache = await mkdtemp(join(tmpdir(), "armature-conventions-"));
});
afterAll(() => rm(cache, { recursive: true }));

describe("each convention is a choice that the code makes", () => {
  /** A dof that never changes, and one whose quantiles coincide. */
  async function planFor(recipe: Recipe) {
    const open = await openMixture(mixtureOf(recipe));
    try {
      const plan = await planOf(recipe, open, cache);
      for (const { action } of plan.statistics.values()) {
        action.min[0] = action.max[0] = action.mean[0]!;
        action.q01[1] = action.q99[1] = action.mean[1]!;
      }
      return plan;
    } finally {
      await open.close();
    }
  }

  async function numbers(recipe: Recipe) {
    const plan = await planFor(recipe);
    const runner = new GlobalBatchRunner();
    await runner.take(exercisedWeights(traceObjectives(settingOf(plan, 2)).parameters, 1));
    const [whole] = await loadGlobalBatches(plan, auditRequests(plan, 1));
    const outputs = await runner.run(whole!);
    await runner.release();
    const units = loadPlanOf(plan).units.map(({ action }) => [...action.scale]);
    return JSON.stringify([units, [...outputs.get("loss")!.cells], [...outputs.get("sampled actions")!.cells]]);
  }

  const recipe: Recipe = {
    ...generatedPadding("groot_n16"),
    data: { ...generatedPadding("groot_n16").data, normalization: "quantile" },
  };

  it.each(conventionNames)("another %s makes other numbers", async (name) => {
    const other = changes[name](recipe);
    expect(conventionsOf(other)[name]).not.toBe(conventionsOf(recipe)[name]);
    expect(await numbers(other)).not.toBe(await numbers(recipe));
  });
});

describe("weights trained under a convention", () => {
  let run: MicroRun;
  beforeAll(async () => {
    run = await trainMicroRun(awkwardRecipe, 1);
  });
  afterAll(() => run.remove());

  // The direction of time is the head's, and no head takes another's parameters. Nothing but `hidden` goes with a causal policy.
  const others = conventionNames
    .filter((name) => name !== "timeDirection" && name !== "pastEnd")
    .map((name) => ({ name, recipe: changes[name](awkwardRecipe) }));
  const validate = async (recipe: Recipe, allowed: ReadonlySet<ConventionName>) =>
    validateRun(
      { folder: run.folder, recipe, cache: run.cache, actionSamples: 0, allowed, world: await aloneWorld() },
      () => {},
    );
  const begin = async (recipe: Recipe, allowed: ReadonlySet<ConventionName>) => {
    const folder = await mkdtemp(join(cache, "run-"));
    await rm(folder, { recursive: true });
    const start = { kind: "init", from: run.folder, allowed } as const;
    return trainPolicy({ recipe, folder, start, until: 1, cache, world: await aloneWorld() }, unwatched);
  };

  const audit = (recipe: Recipe, allowed: ReadonlySet<ConventionName>) =>
    auditRecipe({ recipe, run: run.folder, broken: null, allowed, batches: 1, cache: run.cache }, () => {});

  it.each(others)("are refused under another $name, and run where it is allowed by name", async ({ name, recipe }) => {
    const refusal = new RegExp(`expected weights trained under ${name} `);
    for (const use of [validate, begin, audit]) {
      await expect(use(recipe, new Set())).rejects.toThrow(refusal);
      await expect(use(recipe, new Set(conventionNames.filter((other) => other !== name)))).rejects.toThrow(refusal);
    }
    for (const use of [validate, begin]) await expect(use(recipe, new Set([name]))).resolves.toBeDefined();
  });

  it("are refused under another pastEnd where steps read each other both ways", async () => {
    const both = changes.actionSight(awkwardRecipe);
    const own = await trainMicroRun(both, 1);
    const { folder, cache } = own;
    const validateIn = async (recipe: Recipe) =>
      validateRun({ folder, recipe, cache, actionSamples: 0, allowed: new Set(), world: await aloneWorld() }, () => {});
    await expect(validateIn(changes.pastEnd(awkwardRecipe))).rejects.toThrow(
      'expected weights trained under pastEnd "seen" (trained under "hidden")',
    );
    await expect(validateIn(both)).resolves.toMatchObject({ step: 1 });
    await own.remove();
  });

  it("are no other policy's: one of fewer layers neither begins with them nor is audited on them", async () => {
    const shallower = { ...awkwardRecipe, policy: { ...awkwardRecipe.policy, size: "mini" } } as const;
    for (const use of [begin, audit])
      await expect(use(shallower, new Set())).rejects.toThrow(
        /000001: expected the policy's own parameters, got \d+ leftover: vision\.tower\.layer\.1\.key\.bias/,
      );
  });

  it("are not gone on with where their checkpoint says another than the recipe", async () => {
    const file = join(run.folder, "checkpoints/000001/manifest.json");
    const manifest = await readFile(file, "utf8");
    const { conventions, ...rest } = JSON.parse(manifest);
    await writeFile(file, JSON.stringify({ ...rest, conventions: { ...conventions, timeDirection: "noise-at-zero" } }));
    const start = { kind: "resume" } as const;
    const { folder, recipe } = run;
    await expect(
      trainPolicy({ recipe, folder, start, until: 2, cache, world: await aloneWorld() }, unwatched),
    ).rejects.toThrow('expected weights trained under timeDirection "noise-at-one" (trained under "noise-at-zero")');
    await writeFile(file, manifest);
  });

  it("are used as they were trained without a word", async () => {
    await expect(validate(awkwardRecipe, new Set())).resolves.toMatchObject({ step: 1 });
  });
});
