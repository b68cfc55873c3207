import type { HostArray } from "../graph/host-array.ts";
import { initialValues, type ParameterForm, type ParameterValues } from "../nn/parameter.ts";
import { Packed } from "./packed.ts";

/**
 * All the numbers that training continues from, wherever they lie.
 *
 * @typeParam V an array there
 * @typeParam P packed arrays there
 * @typeParam M what is there of moments: those of all parameters that train, or a rank's share
 * @typeParam A the same of averages
 */
export interface StateIn<V, P, M = P, A = M> {
  /** Optimizer steps done. */
  readonly step: number;
  /** Of the whole policy; those that train are the views that `trained` holds. */
  readonly parameters: ReadonlyMap<string, V>;
  readonly trained: P;
  /** AdamW's running means of the gradient and of its square, for the parameters that train. */
  readonly first: M;
  readonly second: M;
  /** Averaged weights of the parameters that train, or `null`. */
  readonly ema: A | null;
}

/** The same in the host's memory. */
export type TrainingState = StateIn<HostArray<string, "float32">, Packed>;

/** What of a state is kept on disk. */
export interface TrainingValues {
  readonly step: number;
  readonly parameters: ParameterValues;
  readonly first: ParameterValues;
  readonly second: ParameterValues;
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
  const zeros = Packed.zerosLike(training);
  return restoredState({ step: 0, parameters, first: zeros, second: zeros, ema: keepsAverages ? training : null });
}

/** The state that has these values, copied. */
export function restoredState({ step, parameters, first, second, ema }: TrainingValues): TrainingState {
  const trained = Packed.copyOf(new Map([...parameters].filter(([name]) => first.has(name))));
  return {
    step,
    parameters: withTrained(parameters, trained),
    trained,
    first: Packed.copyOf(first),
    second: Packed.copyOf(second),
    ema: ema === null ? null : Packed.copyOf(ema),
  };
}

/** All parameters, in their order, with those that train taken from `trained`. */
export function withTrained<V>(
  parameters: ReadonlyMap<string, V>,
  trained: ReadonlyMap<string, V>,
): ReadonlyMap<string, V> {
  return new Map([...parameters].map(([name, frozen]) => [name, trained.get(name) ?? frozen]));
}
