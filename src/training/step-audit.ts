import { InputError } from "../input-error.ts";
import type { ParameterValues } from "../nn/parameter.ts";
import type { Plan } from "./plan.ts";

/** Looks for leaks of padding while a policy trains; the same at every rank. */
export interface StepAudit {
  /** What leaks with these weights: one line for each leak, none where nothing does. */
  leaks(weights: ParameterValues): Promise<readonly string[]>;
  close(): Promise<void>;
}

/** Opens the audit of a plan. */
export type OpenStepAudit = (plan: Plan) => Promise<StepAudit>;

/** For those who train without an audit. @throws InputError always */
export const refuseStepAudit: OpenStepAudit = () => {
  throw new InputError("audit.everySteps: expected 0, since this caller brings no audit; give train an openAudit");
};

/** The step's weights leak: training on would teach what does not exist. */
export function leakError(step: number, leaks: readonly string[]): InputError {
  return new InputError(
    `train: step ${step}: padding leaks: ${leaks.join("; ")}; checkpoints are whole: run "armature audit" on the run`,
  );
}
