/** How the robot's state enters. */
export type StateEntry = "suffix-token";

/** How the time of the flow enters. */
export type TimeEntry = "concatenated";

/** One row per policy: choices, no code. A new paper is a row, or a new member of a union and the compiler lists the places. */
export interface Variant {
  readonly state: StateEntry;
  readonly time: TimeEntry;
  /** Euler steps from noise to actions. */
  readonly integrationSteps: number;
}

/** @source `pi0`: openpi `pi0.py`; π0 (arXiv:2410.24164) */
export const variants = {
  pi0: { state: "suffix-token", time: "concatenated", integrationSteps: 10 },
} as const satisfies Record<string, Variant>;

export type VariantName = keyof typeof variants;
