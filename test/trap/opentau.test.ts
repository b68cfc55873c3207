import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it, vi } from "vitest";
import { collate } from "../../src/batch/collate.ts";
import { stepRequests } from "../../src/batch/request.ts";
import { exampleBatch } from "../../src/batch/testing/example-batch.ts";
import { withFact } from "../../src/batch/testing/with-fact.ts";
import { runFolderOf } from "../../src/command/train.ts";
import { groupErrors } from "../../src/metric/group.ts";
import { openMixture } from "../../src/mixture/mixture.ts";
import { traceActions, traceObjectives } from "../../src/objective/objective.ts";
import { localWorlds, onRanks } from "../../src/ranks/testing/local-worlds.ts";
import { mixtureOf } from "../../src/recipe/mixture-of.ts";
import { override } from "../../src/recipe/override.ts";
import { layoutOf, planOf, settingOf } from "../../src/recipe/plan.ts";
import type { Recipe } from "../../src/recipe/schema.ts";
import { awkwardRecipe } from "../../src/recipe/testing/awkward-recipe.ts";
import { microSamples } from "../../src/training/testing/micro-samples.ts";
import { Mean } from "../../src/validity/mean.ts";
import type { Rule } from "../../src/validity/rules.ts";
import { changed, hidden, junk, layout, noiseOf, outcomeOf, ragged, releasePolicies, sick } from "./policy.ts";

afterAll(releasePolicies);

describe("OpenTau 345: noise in padded dims reaches the action projection", () => {
  const [silent, noisy] = [noiseOf(ragged, 0), noiseOf(ragged, 1)];
  const found = async (rule: Rule | null) =>
    changed(await outcomeOf("flow", rule, ragged, silent), await outcomeOf("flow", rule, ragged, noisy));

  it("neither in training nor at inference", async () => {
    expect(await found(null)).toEqual([]);
  });

  it("in training where its guard is off: the gradients change, the actions do not", async () => {
    expect(await found("input-side")).toContain("gradient.action.in.weight");
    expect(await found("input-side")).not.toContain("actions");
  });

  it("at inference where its guard is off: the mismatch for which the first fix was reverted", async () => {
    expect(await found("inference-side")).toEqual(["actions"]);
  });

  it("nor do actions that a min-max normalisation maps to −1 where a dim is absent", async () => {
    const minus = sick(ragged, { ...junk, number: () => -1 });
    expect(changed(await outcomeOf("flow", null, ragged), await outcomeOf("flow", null, minus))).toEqual([]);
  });
});

it("OpenTau 344: padded dims of the action do not teach", async () => {
  expect(changed(await outcomeOf("flow", null, ragged), await outcomeOf("flow", null, ragged, hidden))).toEqual([]);
  const rule = "loss-dims";
  const found = changed(await outcomeOf("flow", rule, ragged), await outcomeOf("flow", rule, ragged, hidden));
  expect(found).toContain("loss");
  expect(found).toContain("gradient.action.out.bias");
});

describe("OpenTau 253: padded history is read, and the state now is not", () => {
  it("pictures before the episode's start are no keys, though their patches have a bias", async () => {
    expect(changed(await outcomeOf("flow", null, ragged), await outcomeOf("flow", null, ragged, hidden))).toEqual([]);
    const rule = "history-keys";
    const found = changed(await outcomeOf("flow", rule, ragged), await outcomeOf("flow", rule, ragged, hidden));
    expect(found).toContain("loss");
  });

  it("the state now is read where history was dropped, and where no slot is said to be real", async () => {
    for (const fact of ["historyKept", "historyReal"] as const) {
      const none = withFact(exampleBatch(layout, 2), fact, () => 0);
      const other = { ...none, state: exampleBatch(layout, 3).state };
      expect(changed(await outcomeOf("flow", null, none), await outcomeOf("flow", null, other))).toContain("actions");
    }
  });
});

it("OpenTau 373: validation groups by the provenance of each sample, whoever stands beside it", () => {
  const names = { datasets: ["arm", "hand"], controlModes: ["joint", "ee"], share: () => 0.25 };
  const term = { name: "velocity", errors: "velocity", slots: [0], reduction: "samples", weight: 1 } as const;
  const error = (dataset: number, controlMode: number, sum: number) => ({
    dataset,
    controlMode,
    episode: 0,
    terms: [new Mean(sum, 2)],
  });
  // Mixed as one pass over the whole mixture gives them: a loader for each dataset would have hidden the two control modes.
  const errors = [error(0, 0, 2), error(1, 1, 8), error(0, 1, 4), error(0, 0, 6), error(1, 1, 0)];
  const { groups } = groupErrors(errors, [term], names);
  expect(groups.map(({ dataset, controlMode, samples, loss }) => [dataset, controlMode, samples, loss])).toEqual([
    ["arm", "joint", 2, 2],
    ["arm", "ee", 1, 2],
    ["hand", "ee", 2, 2],
  ]);
});

it("OpenTau 468: dropped history does not blank the picture of now", async () => {
  const dropped = withFact(exampleBatch(layout, 2), "historyKept", () => 0);
  const other = { ...dropped, images: exampleBatch(layout, 3).images };
  expect(changed(await outcomeOf("flow", null, dropped), await outcomeOf("flow", null, other))).toContain("actions");
});

it("OpenTau 465: one observation slot keeps its axis of time", () => {
  const single = { ...layout, observations: 1 };
  const sample = { slots: 1, steps: 4, realSteps: 4, dofSlots: [0], stateSlots: [0] };
  const batch = collate(single, microSamples(sample));
  expect(batch.images.valid.axes).toBe("b o v");
  expect(batch.images.read(({ shape }) => shape)).toEqual([4, 1, 2, 16, 16, 3]);
  expect(batch.facts.historyReal.shape).toEqual([4, 1]);
});

it("OpenTau 365: the state of dropped history is 0 in unit scale, not −mean/std, and now keeps its value", async () => {
  const samples = microSamples({ slots: 3, steps: 4, realSteps: 4, dofSlots: [0], stateSlots: [0, 2] });
  const batch = collate(
    layout,
    samples.map((sample) => ({ ...sample, historyKept: false })),
  );
  const own = samples[0]!.state.read(({ cells }) => [...cells.subarray(4, 6)]);
  const row = batch.state.read(({ cells }) => [...cells.subarray(0, 12)]);
  expect(row).toEqual([0, 0, 0, 0, 0, 0, 0, 0, own[0], 0, own[1], 0]);
  // What a raw zero would have become is selected away by the policy as well, unless its guard is off.
  const shifted = sick(batch, { ...junk, number: () => -3.5 });
  expect(changed(await outcomeOf("flow", null, batch), await outcomeOf("flow", null, shifted))).toEqual([]);
  const rule = "history-state";
  expect(changed(await outcomeOf("flow", rule, batch), await outcomeOf("flow", rule, shifted))).toContain("loss");
});

describe("what follows from a recipe alone", () => {
  const recipeOf = (settings: readonly string[]): Recipe => override(awkwardRecipe, settings);
  async function mixtureWith(settings: readonly string[]) {
    const open = await openMixture(mixtureOf(recipeOf(settings)));
    await open.close();
    return open.mixture;
  }

  it("OpenTau 498: every rank holds out the same episodes", async () => {
    // One after the other: a rank that asks who it is finds its own number.
    const sides = [];
    for (const rank of [0, 1, 2]) {
      vi.stubEnv("OMPI_COMM_WORLD_RANK", `${rank}`);
      const { members } = await mixtureWith([]);
      sides.push(members.map(({ train, validation }) => [train.episodes, validation.episodes] as const));
    }
    vi.unstubAllEnvs();
    expect(sides).toEqual([sides[0], sides[0], sides[0]]);
    for (const [train, validation] of sides[0]!) {
      expect(validation.length).toBeGreaterThan(0);
      expect(validation.filter((episode) => train.includes(episode))).toEqual([]);
    }
  });

  it("OpenTau 503: the seed of the recipe orders the samples", async () => {
    const draws = async (seed: number) => {
      const mixture = await mixtureWith([`seed=${seed}`]);
      return stepRequests(mixture, layoutOf(awkwardRecipe, 8), 8, 0).flatMap((request) => request.draws);
    };
    const [one, again, other] = [await draws(1), await draws(1), await draws(2)];
    expect(again).toEqual(one);
    // Which dataset comes next follows the seed, and which of its frames.
    const datasets = (some: typeof one) => some.map(({ member }) => member);
    const frames = (some: typeof one) =>
      some.filter(({ member }) => member === 1).map(({ episode, frame }) => `${episode}:${frame}`);
    expect(datasets(other)).not.toEqual(datasets(one));
    const shared = Math.min(frames(one).length, frames(other).length);
    expect(frames(other).slice(0, shared)).not.toEqual(frames(one).slice(0, shared));
  });

  it("OpenTau 510: the width of the action reaches the policy, in training and at inference", async () => {
    const cache = await mkdtemp(join(tmpdir(), "armature-trap-"));
    const recipe = recipeOf(["policy.actionWidth=11"]);
    const open = await openMixture(mixtureOf(recipe));
    const setting = settingOf(await planOf(recipe, open, cache), 2);
    await open.close();
    await rm(cache, { recursive: true });
    for (const { parameters } of [traceObjectives(setting), traceActions(setting)]) {
      const shape = (name: string) => parameters.find((parameter) => parameter.name === name)?.shape;
      expect(shape("action.in.weight")?.[1]).toBe(11);
      expect(shape("action.out.weight")?.[0]).toBe(11);
    }
  });

  it("OpenTau 396: all ranks of a run have one folder", async () => {
    const worlds = await localWorlds(3, 30);
    const given = { recipe: "", out: null, resume: false };
    const folders = await onRanks(worlds, async (world) => {
      // Ranks start at other times: a name that each makes from its own clock is another name.
      await new Promise((resolve) => setTimeout(resolve, 1100 * world.rank));
      return runFolderOf(world, awkwardRecipe, given);
    });
    expect(new Set(folders).size).toBe(1);
    expect(folders[0]).toMatch(/runs\/awkward-/);
  });
});
