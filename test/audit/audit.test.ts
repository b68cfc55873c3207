import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { recipe as realMixture } from "../../recipes/real-mixture.ts";
import { type AuditRequest, auditRecipe } from "../../src/audit/audit-recipe.ts";
import type { PaddingKind } from "../../src/audit/kind.ts";
import { leaksIn } from "../../src/audit/report.ts";
import { type AuditColumn, type AuditReport, type AuditRow, columns } from "../../src/audit/verdict.ts";
import { exercisedWeights } from "../../src/audit/weight.ts";
import { hasRealData, onRealData, realDataset } from "../../src/dataset/testing/real-data.ts";
import { reductions } from "../../src/loss/reduction.ts";
import { stateOf } from "../../src/optimizer/state.ts";
import { reads } from "../../src/policy/prefixes.ts";
import { type VariantName, variants } from "../../src/policy/variant.ts";
import { aloneWorld } from "../../src/ranks/open-world.ts";
import { saysActions, saysActionsBeside } from "../../src/recipe/answer.ts";
import { writeRunRecipe } from "../../src/recipe/file.ts";
import type { Recipe } from "../../src/recipe/schema.ts";
import { trainedBy } from "../../src/training/begin.ts";
import { Run } from "../../src/training/run.ts";
import { createRunFolder } from "../../src/training/run-folder.ts";
import { type Rule, ruleNames } from "../../src/validity/rules.ts";
import { generatedPadding } from "./every-padding.ts";

let cache = "";
beforeAll(async () => {
  cache = await mkdtemp(join(tmpdir(), "armature-audit-"));
});
afterAll(() => rm(cache, { recursive: true }));

function audit(recipe: Recipe, change: Partial<AuditRequest>): Promise<AuditReport> {
  const request = { recipe, run: null, broken: null, allowed: new Set<never>(), batches: 1, cache, ...change };
  return auditRecipe(request, () => {});
}

function leaks(row: AuditRow): AuditColumn[] {
  return columns.filter((column) => typeof row[column] === "object");
}

const variantNames = Object.keys(variants).filter((name): name is VariantName => Object.hasOwn(variants, name));

/** Audited under every reduction, which no choice of a row changes: others take turns. */
const underEvery: readonly VariantName[] = ["pi0", "groot_n16"];

/** Every policy there is: a new variant or reduction is audited from its first day. */
const policies = variantNames.flatMap((variant, at) =>
  reductions
    .filter((_, turn) => underEvery.includes(variant) || turn === at % reductions.length)
    .map((reduction) => ({ variant, reduction })),
);

describe.each(policies)("$variant with the loss over $reduction", ({ variant, reduction }) => {
  it("is clean on every kind of padding, and no kind is absent", async () => {
    const report = await audit({ ...generatedPadding(variant), reduction }, { batches: 2 });
    expect(leaksIn(report)).toEqual([]);
    expect(report).toMatchObject({
      clean: true,
      laws: { poison: "clean", padding: "clean", split: "clean", order: "clean", horizon: "clean" },
    });
    const rows = report.rows.filter(({ padding }) => isPadded(variant, padding));
    for (const row of rows)
      expect([row.padding, columns.map((column) => row[column])]).toEqual([row.padding, columns.map(() => "clean")]);
    expect(Math.min(...rows.map(({ cells }) => cells))).toBeGreaterThan(0);
  });
});

/** Whether a policy reads, or says, what a kind of padding pads. */
function isPadded(variant: VariantName, kind: PaddingKind): boolean {
  switch (kind) {
    case "action-tokens":
      return saysActions(variant) || saysActionsBeside(variant);
    case "response-tokens":
      return reads(variants[variant], "response");
    case "metadata-tokens":
      return reads(variants[variant], "metadata");
    case "subgoals":
      return reads(variants[variant], "subgoals");
    default:
      return true;
  }
}

/** Rules of policies whose steps read each other both ways, and of those that are causal. */
type StepRule = "step-keys" | "step-order";

/** The rule of policies that read responses. */
type ResponseRule = "response-keys";
/** Rules of policies that are told more than their instruction. */
type ToldRule = "text-keys" | "metadata-keys" | "subgoal-keys";

/** What each rule keeps apart, and the folder in which its leak enters. */
const guarded: Readonly<
  Record<
    Exclude<Rule, StepRule | ToldRule | ResponseRule>,
    { readonly folder: string; readonly kinds: readonly PaddingKind[]; readonly reaches: readonly AuditColumn[] }
  >
> = {
  "input-side": {
    folder: "flow",
    kinds: ["action-dims", "action-steps", "robotless-samples", "filler-rows"],
    reaches: ["loss", "gradients", "metrics"],
  },
  // A robot that asks for actions has all of its steps: there only dims do not exist.
  "inference-side": { folder: "flow", kinds: ["action-dims"], reaches: ["actions"] },
  "loss-steps": { folder: "loss", kinds: ["action-steps"], reaches: ["loss", "gradients", "metrics"] },
  "loss-dims": { folder: "loss", kinds: ["action-dims"], reaches: ["loss", "gradients", "metrics"] },
  denominator: {
    folder: "loss",
    kinds: ["action-steps", "robotless-samples", "filler-rows"],
    reaches: ["loss", "gradients"],
  },
  "view-keys": { folder: "policy", kinds: ["views"], reaches: columns },
  "prompt-keys": { folder: "policy", kinds: ["prompt-tokens"], reaches: columns },
  "history-keys": { folder: "policy", kinds: ["history"], reaches: columns },
  "history-state": { folder: "policy", kinds: ["history"], reaches: columns },
  "state-dims": { folder: "policy", kinds: ["state-dims"], reaches: columns },
  statistics: { folder: "batch", kinds: ["action-steps"], reaches: columns },
  "cross-attention-keys": { folder: "policy", kinds: ["views", "prompt-tokens"], reaches: columns },
  "part-denominators": { folder: "loss", kinds: ["action-dims"], reaches: ["loss"] },
};

describe("with one rule switched off", () => {
  const isOfSteps = (rule: Rule): rule is StepRule => rule === "step-keys" || rule === "step-order";
  const isTold = (rule: Rule): rule is ToldRule | ResponseRule => /^(text|metadata|subgoal|response)-keys$/.test(rule);
  const isOther = (rule: Rule): rule is Exclude<Rule, StepRule | ToldRule | ResponseRule> =>
    !isOfSteps(rule) && !isTold(rule);
  it.each(ruleNames.filter(isOther))(
    "the audit finds that %s is missing, where it leaks and into what",
    async (rule) => {
      const { folder, kinds, reaches } = guarded[rule];
      const { clean, rows } = await audit(generatedPadding("groot_n16"), { broken: rule });
      expect(clean).toBe(false);
      const leaking = rows.filter((row) => leaks(row).length > 0);
      expect(leaking.map(({ padding }) => padding)).toEqual(kinds);
      expect([...new Set(leaking.flatMap(leaks))].toSorted()).toEqual(reaches.toSorted());
      const places = leaking.flatMap((row) =>
        columns.flatMap((column) => (typeof row[column] === "object" ? [row[column].where] : [])),
      );
      expect([...new Set(places.map((place) => place.split("/")[0]))]).toEqual([folder]);
    },
  );

  it.each<[ToldRule, VariantName, readonly PaddingKind[]]>([
    ["text-keys", "pi07_low_level", ["metadata-tokens", "subgoals"]],
    ["metadata-keys", "pi07_paligemma_low_level", ["metadata-tokens"]],
    ["subgoal-keys", "pi07_low_level", ["subgoals"]],
  ])("the audit finds that %s is missing in %s: what a sample is not told reaches it", async (rule, variant, kinds) => {
    const { clean, rows } = await audit(generatedPadding(variant), { broken: rule });
    expect(clean).toBe(false);
    const leaking = rows.filter((row) => leaks(row).length > 0);
    for (const kind of kinds) expect(leaking.map(({ padding }) => padding)).toContain(kind);
    const places = leaking.flatMap((row) =>
      columns.flatMap((column) => (typeof row[column] === "object" ? [row[column].where] : [])),
    );
    expect([...new Set(places.map((place) => place.split("/")[0]))]).toEqual(["policy"]);
  });

  // A row of each way in which steps read: with the stream, by cross-attention, by both in turns.
  it.each(["pi0", "groot_n16", "smolvla"] as const)(
    "the audit finds that step-order is missing in %s: a hint and nothing else",
    async (variant) => {
      const { clean, laws, rows } = await audit(generatedPadding(variant), { broken: "step-order" });
      expect([clean, laws.poison, laws.padding, laws.split, laws.order]).toEqual([
        false,
        "clean",
        "clean",
        "clean",
        "clean",
      ]);
      expect(laws.horizon).toMatchObject({ where: expect.stringMatching(/^policy\/.*\.attention$/) });
      for (const row of rows) {
        expect([row.padding, leaks(row)]).toEqual([row.padding, []]);
        expect([row.padding, row.hint]).toEqual([row.padding, row.padding === "action-steps" ? laws.horizon : "known"]);
      }
    },
  );

  it("the audit finds that response-keys is missing where a policy reads responses", async () => {
    const { clean, rows } = await audit(generatedPadding("pi05"), { broken: "response-keys" });
    expect(clean).toBe(false);
    // No robot that asks for actions has a response, whatever else is padding: there its tokens are read in every trial.
    const inTraining = (row: AuditRow) => leaks(row).filter((column) => column !== "actions");
    expect(rows.filter((row) => inTraining(row).length > 0).map((row) => [row.padding, leaks(row)])).toEqual([
      ["response-tokens", [...columns]],
    ]);
  });

  it("the audit finds that step-keys is missing where steps read each other both ways", async () => {
    const { clean, rows } = await audit(underConvention({ actionSight: "both" }), { broken: "step-keys" });
    expect(clean).toBe(false);
    expect(rows.filter((row) => leaks(row).length > 0).map((row) => [row.padding, leaks(row)])).toEqual([
      ["action-steps", [...columns]],
    ]);
  });

  it("a rule that the recipe has no use for is refused by name", async () => {
    await expect(audit(generatedPadding("pi0"), { broken: "cross-attention-keys" })).rejects.toThrow(
      "--break cross-attention-keys: expected a rule that this recipe has use for",
    );
    // Nothing has to be hidden from a step that reads no later one.
    await expect(audit(generatedPadding("pi0"), { broken: "step-keys" })).rejects.toThrow(
      'it has use where conventions.actionSight is "both"',
    );
  });
});

describe("the audit of a run", () => {
  const recipe = generatedPadding("pi0");

  /** A run whose only checkpoint holds these weights. */
  async function runOf(name: string, change: (parameter: string, cells: Float32Array) => void): Promise<string> {
    const folder = join(cache, name);
    const run = await Run.open(recipe, cache, await aloneWorld());
    try {
      const values = exercisedWeights(run.parameters, 1);
      for (const [parameter, { cells }] of values) change(parameter, cells);
      await createRunFolder(folder);
      await writeRunRecipe(folder, recipe);
      await run.save(folder, { state: stateOf(values, trainedBy(recipe, run.parameters), true), best: null });
    } finally {
      await run.close();
    }
    return folder;
  }

  it("is of the run's own weights: a rule that is off shows where they read pictures, and not where they do not", async () => {
    const seeing = await runOf("seeing", () => {});
    const blind = await runOf("blind", (name, cells) => {
      if (/\.(value|out)\.(weight|bias)$/.test(name)) cells.fill(0);
    });
    expect(leaksIn(await audit(recipe, { run: blind, broken: "view-keys" }))).toEqual([]);
    expect(leaksIn(await audit(recipe, { run: seeing, broken: "view-keys" }))).toContainEqual(
      expect.stringMatching(/^views reach loss at policy\/trunk\.ts: /),
    );
    expect(leaksIn(await audit(recipe, { run: seeing }))).toEqual([]);
  });
});

describe("weights that read both ways", () => {
  const kept = { poison: "clean", padding: "clean", split: "clean", order: "clean", horizon: "clean" };
  it.each<[Recipe["conventions"]["pastEnd"], readonly (keyof typeof kept)[]]>([
    ["hidden", ["horizon"]],
    ["seen", ["poison", "padding", "horizon"]],
    ["repeated", ["poison", "padding", "horizon"]],
    ["taught", ["poison", "padding", "horizon"]],
  ])("break, with steps past the end that are %s, the laws of %j", async (pastEnd, broken) => {
    const { laws } = await audit(underConvention({ actionSight: "both", pastEnd }), {});
    const found = Object.entries(laws).filter(([, verdict]) => verdict !== "clean");
    expect(found.map(([law]) => law)).toEqual(broken);
  });
});

function underConvention(change: Partial<Recipe["conventions"]>): Recipe {
  const recipe = generatedPadding("pi0");
  return { ...recipe, conventions: { ...recipe.conventions, ...change } };
}

describe.runIf(hasRealData)(onRealData("four real robots"), () => {
  it("are clean", async () => {
    const recipe = { ...realMixture, data: { ...realMixture.data, root: realDataset("") } };
    const report = await audit(recipe, {});
    expect(leaksIn(report)).toEqual([]);
    const { rows } = report;
    // The robot without a camera is computed without a view.
    expect(rows.filter(({ cells }) => cells > 0).map(({ padding }) => padding)).toEqual([
      "action-dims",
      "action-steps",
      "state-dims",
      "prompt-tokens",
      "filler-rows",
    ]);
    // The one shape and three that fit.
  }, 240_000);
});
