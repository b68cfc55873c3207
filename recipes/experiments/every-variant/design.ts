import { type VariantName, variantNames } from "../../../src/policy/variant.ts";

/** Optimizer steps of each run, and the step from which two ranks go on. */
export const steps = 200;
export const resumedFrom = 100;

/** Every policy, `tiny`, on the same four real robots: what differs from the recipe, beyond the variant's name. */
const ownSettings: Partial<Record<VariantName, readonly string[]>> = {
  // The state is text: 44 entries, a byte each character.
  pi05: ["policy.promptTokens=272"],
  pi05_fast: ["policy.promptTokens=272"],
  pi06: ["policy.promptTokens=272"],
  pi06_fast: ["policy.promptTokens=272"],
  pi0_fast: ["policy.promptTokens=272"],
  pi05_mem: ["policy.history.slots=3", "policy.history.interval=4"],
  pi05_mem_motion: ["policy.history.slots=3", "policy.history.interval=4"],
  pi07_low_level: ["policy.history.slots=3", "policy.history.interval=4"],
  pi07_low_level_fast: ["policy.history.slots=3", "policy.history.interval=4"],
  pi07_paligemma_low_level: ["policy.history.slots=3", "policy.history.interval=4"],
  pi07_paligemma_low_level_fast: ["policy.history.slots=3", "policy.history.interval=4"],
};

/** Two micro-batches in a step, so that two ranks have one each. */
const everySettings = [`checkpoint.everySteps=${resumedFrom}`, "batch.microBatch=8"];

export const recipe = "recipes/real-mixture.ts";

/** The options of a command on a variant's recipe. */
export function settingsOf(variant: VariantName): string[] {
  const settings = [`policy.variant=${variant}`, ...everySettings, ...(ownSettings[variant] ?? [])];
  return settings.flatMap((setting) => ["--set", setting]);
}

export const jobs: readonly VariantName[] = variantNames;
