import { checkParameters, type Weights } from "../checkpoint/weights.ts";
import type { ParameterForm, ParameterValues } from "../nn/parameter.ts";
import { restoredState, type TrainingState } from "../optimizer/state.ts";

/**
 * The training state that a checkpoint holds.
 *
 * @throws InputError listing leftover, missing and misshapen parameters
 */
export function stateFrom(
  where: string,
  weights: Weights,
  step: number,
  forms: readonly ParameterForm[],
): TrainingState {
  checkParameters(where, weights.parameters, new Map(forms.map((form) => [form.name, form])));
  const { parameters, firstMoments, secondMoments, ema } = weights;
  return restoredState({ step, parameters, first: firstMoments, second: secondMoments, ema });
}

/** What acts of a state: averages are whole. */
export interface ActingState {
  readonly step: number;
  readonly parameters: ParameterValues;
  readonly ema: ParameterValues | null;
}

/** The weights that act: the averages where they are asked for, and frozen parameters as themselves. */
export function actingWeights({ parameters, ema }: ActingState, which: "parameters" | "ema"): ParameterValues {
  return which === "ema" && ema !== null ? new Map([...parameters, ...ema]) : parameters;
}
