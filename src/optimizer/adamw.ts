import { type AnyArray, input, type SymbolicArray } from "../graph/array.ts";
import { type Arrays, HostArray } from "../graph/host-array.ts";
import { alignAny } from "../graph/op/align.ts";
import { add, divide, multiply, offset, scale, sqrt, square, subtract } from "../graph/op/elementwise.ts";
import type { ParameterForm } from "../nn/parameter.ts";
import { clipByGlobalNorm } from "./clip.ts";

/** AdamW and what stands around it; the learning rate comes with each step. */
export interface AdamW {
  /** Decay of the running mean of the gradient and of its square. */
  readonly betas: readonly [number, number];
  readonly epsilon: number;
  /** Decoupled: a share of the weight, times the learning rate, at each step. */
  readonly weightDecay: number;
  /** Largest global norm of the gradient. */
  readonly clip: number;
  /** Share of the averaged weights that a step keeps, or `null` without averages. */
  readonly ema: number | null;
}

/** What a parameter is updated from and to, as names of the update program's inputs; outputs have `next.` before them. */
export const roles = {
  parameter: "parameter.",
  gradient: "gradient.",
  first: "first.",
  second: "second.",
  ema: "ema.",
} as const;

export const nextOf = (name: string): string => `next.${name}`;

/** Name of the output that holds the gradient's global norm before clipping. */
export const normOutput = "norm";

/**
 * The outputs of the update program: every parameter, moment and average after one step.
 *
 * @source Loshchilov, Hutter: Decoupled Weight Decay Regularization (arXiv:1711.05101) algorithm 2, in the order of
 *   PyTorch's `AdamW`: decay, moments, `p −= rate / (1 − β₁ᵗ) · m / (√v / √(1 − β₂ᵗ) + ε)`
 */
export function updateOutputs(forms: readonly ParameterForm[], optimizer: AdamW): Record<string, AnyArray> {
  const given = (role: keyof typeof roles, { name, axes, shape }: ParameterForm) =>
    input(`${roles[role]}${name}`, axes, shape, "float32");
  const { norm, factor } = clipByGlobalNorm(
    forms.map((form) => given("gradient", form)),
    optimizer.clip,
  );
  const outputs: Record<string, AnyArray> = { [normOutput]: norm };
  for (const form of forms) {
    const parameter = given("parameter", form);
    const gradient = multiply(given("gradient", form), alignAny(factor, parameter));
    const first = towards(given("first", form), gradient, 1 - optimizer.betas[0]);
    const second = towards(given("second", form), square(gradient), 1 - optimizer.betas[1]);
    const rate = (name: keyof StepRates) => alignAny(input(name, "", [], "float32"), parameter);
    const deviation = offset(multiply(sqrt(second), rate("deviationScale")), optimizer.epsilon);
    const change = multiply(divide(first, deviation), rate("stepSize"));
    const next = subtract(multiply(parameter, rate("keep")), change);
    outputs[nextOf(`${roles.parameter}${form.name}`)] = next;
    outputs[nextOf(`${roles.first}${form.name}`)] = first;
    outputs[nextOf(`${roles.second}${form.name}`)] = second;
    if (optimizer.ema !== null)
      outputs[nextOf(`${roles.ema}${form.name}`)] = towards(given("ema", form), next, 1 - optimizer.ema);
  }
  return outputs;
}

interface StepRates {
  /** `rate / (1 − β₁ᵗ)`. */
  readonly stepSize: number;
  /** `1 / √(1 − β₂ᵗ)`. */
  readonly deviationScale: number;
  /** `1 − rate · weight decay`. */
  readonly keep: number;
}

/**
 * The scalars of one step, as inputs of the update program.
 *
 * @param step counted from 0
 */
export function stepRates(optimizer: AdamW, learningRate: number, step: number): Arrays {
  const rates: StepRates = {
    stepSize: learningRate / (1 - optimizer.betas[0] ** (step + 1)),
    deviationScale: 1 / Math.sqrt(1 - optimizer.betas[1] ** (step + 1)),
    keep: 1 - learningRate * optimizer.weightDecay,
  };
  return new Map(
    Object.entries(rates).map(([name, value]) => [name, new HostArray("", [], "float32", Float32Array.of(value))]),
  );
}

function towards(from: SymbolicArray<string>, to: SymbolicArray<string>, share: number): SymbolicArray<string> {
  return add(from, scale(subtract(to, from), share));
}
