import { type VariantName, variantNames } from "../../../src/policy/variant.ts";

/** Optimizer steps of each run, and the step from which two ranks go on. */
export const steps = 200;
export const resumedFrom = 100;

/** Half the samples, for the rows whose step takes some ten seconds on two cores. */
const halfBatch = ["batch.size=8", "batch.microBatch=4", "validation.framesPerMember=32"];

/** The state is text: 44 entries, a byte each character. */
const stateAsText = "policy.promptTokens=272";

const history = ["policy.history.slots=3", "policy.history.interval=4"];

/** Every policy, `tiny`, on the same four real robots: what differs from the recipe, beyond the variant's name. */
const ownSettings: Partial<Record<VariantName, readonly string[]>> = {
  pi05: [stateAsText],
  pi05_fast: [stateAsText, ...halfBatch],
  pi05_mem: history,
  pi05_mem_motion: history,
  pi06: [stateAsText, ...halfBatch],
  pi06_fast: [stateAsText, ...halfBatch],
  pi07_low_level: [...history, ...halfBatch],
  pi07_low_level_fast: [...history, ...halfBatch],
  pi07_paligemma_low_level: [...history, ...halfBatch],
  pi07_paligemma_low_level_fast: [...history, ...halfBatch],
  pi0_fast: [stateAsText, ...halfBatch],
};

/** The variants whose batches are half as large. */
export const withHalfBatch: readonly VariantName[] = variantNames.filter((name) =>
  ownSettings[name]?.includes("batch.size=8"),
);

/** Two micro-batches in a step, so that two ranks have one each. */
const everySettings = [`checkpoint.everySteps=${resumedFrom}`, "batch.microBatch=8"];

export const recipe = "recipes/real-mixture.ts";

/** The options of a command on a variant's recipe. */
export function settingsOf(variant: VariantName): string[] {
  const settings = [`policy.variant=${variant}`, ...everySettings, ...(ownSettings[variant] ?? [])];
  return settings.flatMap((setting) => ["--set", setting]);
}

export const jobs: readonly VariantName[] = variantNames;
