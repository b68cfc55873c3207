import { readManifest, readParameters } from "../checkpoint/checkpoint.ts";
import { chosenCheckpoint } from "../checkpoint/chosen.ts";
import type { ConventionName } from "../checkpoint/convention-name.ts";
import { checkConventions } from "../checkpoint/conventions.ts";
import type { Manifest } from "../checkpoint/manifest.ts";
import { checkParameters } from "../checkpoint/weights.ts";
import { InputError } from "../input-error.ts";
import { openMixtureAsSplit } from "../mixture/mixture.ts";
import type { ParameterValues } from "../nn/parameter.ts";
import { traceObjectives } from "../objective/objective.ts";
import { mixtureOf } from "../recipe/mixture-of.ts";
import { conventionsOf, type Plan, planOf, planUnder, settingOf } from "../recipe/plan.ts";
import type { Recipe } from "../recipe/schema.ts";
import { storedSplits } from "../recipe/stored-split.ts";
import { type Rule, Rules } from "../validity/rules.ts";
import { Audit } from "./audit.ts";
import type { AuditReport } from "./verdict.ts";
import { exercisedWeights } from "./weight.ts";

/** What to audit. */
export interface AuditRequest {
  readonly recipe: Recipe;
  /** Folder of the run whose newest weights are audited, or of one of its checkpoints; `null` for weights that nothing has trained. */
  readonly run: string | null;
  /** A rule to switch off: the audit has to find it. */
  readonly broken: Rule | null;
  /** Conventions of the weights that may differ from the recipe's. */
  readonly allowed: ReadonlySet<ConventionName>;
  /** Micro-batches of training samples, and as many of held-out ones. */
  readonly batches: number;
  /** Folder for what has been measured. */
  readonly cache: string;
}

/** An audit, and what the user should know of the run: newer checkpoints that are not whole. */
export interface RecipeAudit extends AuditReport {
  readonly notes: readonly string[];
}

/**
 * The five laws on the data and the weights of a recipe or a run.
 *
 * @param seen told how many comparisons are done, and of how many
 * @throws InputError where data or weights cannot be used, or the broken rule has nothing to do in this recipe
 */
export async function auditRecipe(
  request: AuditRequest,
  seen: (done: number, total: number) => void,
): Promise<RecipeAudit> {
  const { recipe, broken, batches, cache } = request;
  const stored = request.run === null ? null : await storedOf(request.run);
  const splits = stored === null ? new Map() : storedSplits(stored.manifest, recipe);
  const open = await openMixtureAsSplit(mixtureOf(recipe), splits);
  try {
    const whole =
      stored === null ? await planOf(recipe, open, cache) : await planUnder(stored.manifest, recipe, open, cache);
    const asked = new Set<Rule>();
    const rules = (broken === null ? Rules.all : Rules.without(broken)).heardBy((rule) => asked.add(rule));
    const plan: Plan = { ...whole, rules };
    const weights = await weightsOf(plan, stored, request);
    const audit = await Audit.open(plan, open, { batches, cache });
    try {
      const report = await audit.run(weights, seen);
      if (broken !== null && !asked.has(broken))
        throw new InputError(
          `--break ${broken}: expected a rule that this recipe has use for, got one that nothing asks about; ` +
            usesOf(broken),
        );
      return { ...report, notes: stored?.notes ?? [] };
    } finally {
      await audit.close();
    }
  } finally {
    await open.close();
  }
}

/** Which recipe has a use for a rule: those about steps depend on how steps read each other. */
function usesOf(rule: Rule): string {
  switch (rule) {
    case "step-keys":
      return 'it has use where conventions.actionSight is "both" and conventions.pastEnd "hidden"';
    case "step-order":
      return 'it has use where conventions.actionSight is "causal"';
    default:
      return "recipes/every-padding.ts has use for it";
  }
}

interface Stored {
  readonly folder: string;
  readonly notes: readonly string[];
  readonly manifest: Manifest;
}

async function storedOf(run: string): Promise<Stored> {
  const { folder, notes } = await chosenCheckpoint(run);
  return { folder, notes, manifest: await readManifest(folder) };
}

async function weightsOf(plan: Plan, stored: Stored | null, request: AuditRequest): Promise<ParameterValues> {
  const { recipe } = plan;
  const forms = traceObjectives(settingOf(plan, 2)).parameters;
  if (stored === null) return exercisedWeights(forms, recipe.seed);
  const { folder, manifest } = stored;
  checkConventions(folder, manifest.conventions, conventionsOf(recipe), request.allowed);
  const weights = await readParameters(folder, manifest, recipe.validation.weights);
  checkParameters(folder, weights, new Map(forms.map((form) => [form.name, form])));
  return weights;
}
