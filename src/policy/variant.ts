import type { HeadName, TimeDirection } from "./head/form.ts";

/** How actions are found with a head. */
export interface FlowChoice {
  readonly timeDirection: TimeDirection;
  /** Euler steps from noise to actions. */
  readonly integrationSteps: number;
}

/** One row per policy: choices, no code. A new paper is a row, or a new member of a union and the compiler lists the places. */
export interface Variant {
  /** Of each head that may follow the backbone. */
  readonly heads: Readonly<Record<HeadName, FlowChoice>>;
}

/** @source `pi0`: openpi `pi0.py`; π0 (arXiv:2410.24164); with GR00T's head: GR00T N1.6 */
export const variants = {
  pi0: {
    heads: {
      flow: { timeDirection: "noise-at-one", integrationSteps: 10 },
      groot: { timeDirection: "noise-at-zero", integrationSteps: 4 },
    },
  },
} as const satisfies Record<string, Variant>;

export type VariantName = keyof typeof variants;
