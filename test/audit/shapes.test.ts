import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { auditRecipe } from "../../src/audit/audit-recipe.ts";
import type { GlobalBatch } from "../../src/audit/global-batch.ts";
import { leaksOf } from "../../src/audit/law.ts";
import { auditRequests, loadGlobalBatches } from "../../src/audit/real-batch.ts";
import { leaksIn } from "../../src/audit/report.ts";
import { GlobalBatchRunner } from "../../src/audit/runner.ts";
import { batchesByShape, dealtTrial } from "../../src/audit/shaped.ts";
import { columns } from "../../src/audit/verdict.ts";
import { exercisedWeights } from "../../src/audit/weight.ts";
import { openMixture } from "../../src/mixture/mixture.ts";
import { traceObjectives } from "../../src/objective/objective.ts";
import { mixtureOf } from "../../src/recipe/mixture-of.ts";
import { type Plan, planOf, settingOf } from "../../src/recipe/plan.ts";
import type { Recipe } from "../../src/recipe/schema.ts";
import { shapingOf } from "../../src/training/shape-plan.ts";
import { generatedPadding } from "./every-padding.ts";

let cache = "";
beforeAll(async () => {
  cache = await mkdtemp(join(tmpdir(), "armature-audit-shapes-"));
});
afterAll(() => rm(cache, { recursive: true }));

const recipe: Recipe = { ...generatedPadding("pi0"), batch: { size: 30, microBatch: 30, shapes: "fit" } };

async function planned(): Promise<Plan> {
  const open = await openMixture(mixtureOf(recipe));
  try {
    return await planOf(recipe, open, cache);
  } finally {
    await open.close();
  }
}

it("the laws hold in every shape, and rows dealt by shape give what they give in one", async () => {
  const plan = await planned();
  const shaping = shapingOf(plan)!;
  const shapes = (await batchesByShape(plan, shaping, 1)).map(({ parts: [part] }) => {
    const { viewReal, tokenReal } = part!.batch.facts;
    return [viewReal.shape[2], viewReal.shape[1], tokenReal.shape[1]].join(" ");
  });
  // Views, slots and tokens, of training and held-out samples each; the recipe has room for two views and 96 tokens.
  expect(shapes).toEqual(["1 3 11", "1 3 11", "2 3 26", "2 3 26"]);
  const request = { recipe, run: null, broken: null, allowed: new Set<never>(), batches: 1, cache };
  const report = await auditRecipe(request, () => {});
  expect(leaksIn(report)).toEqual([]);
  const row = report.rows.find(({ padding }) => padding === "filler-rows")!;
  expect(columns.map((column) => row[column])).toEqual(columns.map(() => "clean"));
}, 180_000);

it("the audit finds rows that are dealt to a shape without their history", async () => {
  const plan = await planned();
  const shaping = shapingOf(plan)!;
  const blinkered = { ...shaping, shapes: shaping.shapes.map((shape) => ({ ...shape, observations: 1 })) };
  // Of held-out samples, of which the first reads its history.
  const [, request] = auditRequests(plan, 1);
  const [loaded] = await loadGlobalBatches(plan, [request!]);
  const base: GlobalBatch = { ...loaded!, through: ["training"] };
  const runner = new GlobalBatchRunner();
  await runner.take(exercisedWeights(traceObjectives(settingOf(plan, 2)).parameters, 1));
  const expected = await runner.run(base);
  const leaks = async (own: typeof shaping) => {
    const { variation, entry } = await dealtTrial(base, request!, own);
    const found = await leaksOf((input: GlobalBatch) => runner.run(input), expected, variation);
    return { outputs: found.map(({ output }) => output), entry };
  };
  expect((await leaks(shaping)).outputs).toEqual([]);
  const { outputs, entry } = await leaks(blinkered);
  expect(outputs).toContain("loss");
  expect(entry).toEqual({ place: "batch/shape.ts: rows dealt by shape" });
  await runner.release();
});
