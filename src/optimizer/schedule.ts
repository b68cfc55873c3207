/** How the learning rate goes over a run. It belongs to the recipe: training fewer steps does not shorten it. */
export interface Schedule {
  /** `cosine` falls from `peak` to `final`; `constant` stays at `peak`. Both warm up. */
  readonly schedule: "cosine" | "constant";
  /** Length of the whole schedule in steps, warmup included. */
  readonly steps: number;
  /** Steps over which the rate rises to `peak`. */
  readonly warmup: number;
  readonly peak: number;
  /** The rate from step `steps` on. */
  readonly final: number;
}

/**
 * The learning rate of a step, counted from 0: the first update is step 0.
 *
 * Warmup is linear from `peak / (warmup + 1)` and reaches `peak` at step `warmup`; the cosine runs over the steps after it.
 *
 * @throws RangeError if the step is no natural number
 * @source openpi `optimizer.py` `CosineDecaySchedule` over optax `warmup_cosine_decay_schedule`
 */
export function learningRate({ schedule, steps, warmup, peak, final }: Schedule, step: number): number {
  if (!Number.isSafeInteger(step) || step < 0)
    throw new RangeError(`learningRate: expected a step from 0, got ${step}`);
  if (step < warmup) {
    const start = peak / (warmup + 1);
    return start + ((peak - start) * step) / warmup;
  }
  if (schedule === "constant") return peak;
  const progress = step >= steps ? 1 : (step - warmup) / (steps - warmup);
  return final + (peak - final) * 0.5 * (1 + Math.cos(Math.PI * progress));
}
