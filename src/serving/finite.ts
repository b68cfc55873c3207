import type { ActionRows } from "./limit.ts";

/** The first action that is no finite number once it is rounded to float32, as it leaves; `null` where all are. */
export function firstNonFinite(actions: ActionRows): { step: number; dof: number } | null {
  for (const [step, row] of actions.entries()) {
    const dof = row.findIndex((value) => !Number.isFinite(Math.fround(value)));
    if (dof >= 0) return { step, dof };
  }
  return null;
}
