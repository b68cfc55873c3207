import type { HostArray } from "../graph/host-array.ts";
import { initialValues, type ParameterForm, type ParameterValues } from "../nn/parameter.ts";
import { zerosLike } from "./gradient-sum.ts";

/** All the numbers that training continues from. */
export interface TrainingState {
  /** Optimizer steps done. */
  readonly step: number;
  readonly parameters: ParameterValues;
  /** AdamW's running means of the gradient and of its square, for the parameters that train. */
  readonly first: ParameterValues;
  readonly second: ParameterValues;
  /** Averaged weights of the parameters that train, or `null`. */
  readonly ema: ParameterValues | null;
}

/** The state before the first step. */
export function initialState(
  forms: readonly ParameterForm[],
  trained: ReadonlySet<string>,
  options: { readonly seed: number; readonly keepsAverages: boolean },
): TrainingState {
  return stateOf(initialValues(forms, options.seed), trained, options.keepsAverages);
}

/** The state of a new optimizer on given weights. */
export function stateOf(
  parameters: ParameterValues,
  trained: ReadonlySet<string>,
  keepsAverages: boolean,
): TrainingState {
  const training = new Map([...parameters].filter(([name]) => trained.has(name)));
  return {
    step: 0,
    parameters,
    first: zerosLike(training),
    second: zerosLike(training),
    ema: keepsAverages ? copyOf(training) : null,
  };
}

function copyOf(values: ParameterValues): Map<string, HostArray<string, "float32">> {
  const copies = zerosLike(values);
  for (const [name, { cells }] of copies) cells.set(values.get(name)!.cells);
  return copies;
}
