import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { GlobalBatch } from "../../src/audit/global-batch.ts";
import { differingArrays } from "../../src/audit/look.ts";
import { placeOf } from "../../src/audit/place.ts";
import { auditRequests, loadGlobalBatches } from "../../src/audit/real-batch.ts";
import { reversed } from "../../src/audit/row-variation.ts";
import { GlobalBatchRunner } from "../../src/audit/runner.ts";
import { type ServedSamples, servedFindings, servedSamples } from "../../src/audit/served.ts";
import { exercisedWeights } from "../../src/audit/weight.ts";
import { openMixture } from "../../src/mixture/mixture.ts";
import { traceObjectives } from "../../src/objective/objective.ts";
import { variants } from "../../src/policy/variant.ts";
import { mixtureOf } from "../../src/recipe/mixture-of.ts";
import { type Plan, planOf, settingOf } from "../../src/recipe/plan.ts";
import { generatedPadding } from "./every-padding.ts";

const recipe = generatedPadding("pi0");
const runner = new GlobalBatchRunner();
let cache = "";
let plan: Plan;
let whole: GlobalBatch;
let samples: ServedSamples;
beforeAll(async () => {
  cache = await mkdtemp(join(tmpdir(), "armature-served-"));
  const open = await openMixture(mixtureOf(recipe));
  plan = await planOf(recipe, open, cache);
  await open.close();
  await runner.take(weights());
  ({ whole, samples } = await heldOut(plan));
});
afterAll(async () => {
  await runner.release();
  await rm(cache, { recursive: true });
});

function weights() {
  return exercisedWeights(traceObjectives(settingOf(plan, 2)).parameters, recipe.seed);
}

async function heldOut(of: Plan) {
  const requests = auditRequests(of, 1);
  const wholes = await loadGlobalBatches(of, requests);
  const at = requests.findIndex(({ purpose }) => purpose === "validation");
  return { whole: wholes[at]!, samples: (await servedSamples(wholes[at]!, requests[at]!.request.draws))! };
}

async function found(of: ServedSamples) {
  const sampler = await runner.actingSampler(plan, whole.rows);
  return (await servedFindings(plan, sampler, of)).map(({ law, column, where }) => [law, column, where]);
}

it("robots that stand where held-out samples were recorded get the actions that validation samples, to the bit", async () => {
  expect(samples.sessions.length).toBeGreaterThan(1);
  expect(samples.sessions.some(({ observations }) => observations.length > 1)).toBe(true);
  expect(await found(samples)).toEqual([]);
});

it("pictures that become squares from all of their pixels are recorded with all of them", async () => {
  const conventions = { ...recipe.conventions, letterbox: "bilinear-bottom-right" } as const;
  const other = { ...plan, recipe: { ...recipe, conventions } };
  const { samples: seen } = await heldOut(other);
  const sizes = seen.sessions.flatMap(({ observations }) =>
    Object.values(observations.at(-1)!.pictures).flatMap((picture) => (picture === null ? [] : [picture.shape])),
  );
  expect(sizes).toContainEqual([24, 32, 3]);
  const sampler = await runner.actingSampler(other, whole.rows);
  expect(await servedFindings(other, sampler, seen)).toEqual([]);
});

it("a session that is told something else is found, and where it enters", async () => {
  const [first, ...others] = samples.sessions;
  const now = first!.observations.at(-1)!;
  const other = { ...now, state: [...now.state].map((value) => value + 1) };
  const told = { ...first!, observations: [...first!.observations.slice(0, -1), other] };
  expect(await found({ ...samples, sessions: [told, ...others] })).toEqual([
    ["horizon", "actions", "batch/observation.ts: state"],
  ]);
  const prompted = { ...first!, prompt: "do something else" };
  expect(await found({ ...samples, sessions: [prompted, ...others] })).toEqual([
    ["horizon", "actions", "batch/observation.ts: prompt"],
  ]);
});

it("noise that belongs to a row and not to its sample is found at the noise, and not at what integrates it", async () => {
  const { objectives } = variants[recipe.policy.variant];
  const variation = reversed(whole);
  const place = async (by: typeof variation) => {
    const differing = await differingArrays(weights(), whole, by, { cells: "real", above: 0, inputs: true });
    return (["loss", "actions"] as const).map((column) => placeOf({ column, output: column }, differing, objectives));
  };
  // Samples change places and their numbers stay keyed by what stood there before.
  const byRow = variation.inputs.map((input) => ({
    ...input,
    parts: input.parts.map((part) => ({
      ...part,
      batch: { ...part.batch, provenance: whole.parts[0]!.batch.provenance },
    })),
  }));
  expect(await place({ ...variation, inputs: byRow })).toEqual([
    "flow/noise.ts: noise",
    "objective/action-noise.ts: noise",
  ]);
  expect(await place(variation)).toEqual(["loss/reduction.ts: loss", "flow/integrate.ts: actions"]);
});
