import { input, type SymbolicArray } from "../graph/array.ts";
import { type Arrays, HostArray, zeros } from "../graph/host-array.ts";
import { alignAny } from "../graph/op/align.ts";
import { add, divide, multiply, scale, sqrt, square, subtract } from "../graph/op/elementwise.ts";
import { gather } from "../graph/op/gather.ts";
import { merge, split } from "../graph/op/shape.ts";
import type { AnyArray } from "../graph/operation.ts";
import type { ParameterForm } from "../nn/parameter.ts";
import { clipByGlobalNorm } from "./clip.ts";
import { grid } from "./packed-layout.ts";

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

/** What an array is updated from and to, as names of the update program's inputs; outputs have `next.` before them. */
export const roles = {
  parameter: "parameter.",
  gradient: "gradient.",
  first: "first.",
  second: "second.",
  ema: "ema.",
} as const;

/** Before the name of an array: the input that says by number which of several rates each of its blocks has. */
export const rateNumbers = "rate.";

export const nextOf = (name: string): string => `next.${name}`;

/** Name of the output that holds the gradient's global norm before clipping. */
export const normOutput = "norm";

/** Name, axes and sizes of an array that is updated: a parameter, or a part of the buffer that holds all of them. */
export type UpdatedForm = Pick<ParameterForm, "name" | "axes" | "shape">;

/** An array that is updated, where a program has it and its gradient already. */
export interface Updated extends UpdatedForm {
  readonly parameter: SymbolicArray<string>;
  readonly gradient: SymbolicArray<string>;
}

/** Arrays that a program takes in with their gradients. */
export function updateInputs(forms: readonly UpdatedForm[]): Updated[] {
  return forms.map((form) => ({ ...form, parameter: given("parameter", form), gradient: given("gradient", form) }));
}

/** Every array, moment and average after one step, and the norm of all gradients: in one program. */
export function updateOutputs(arrays: readonly Updated[], optimizer: AdamW): Record<string, AnyArray> {
  const gradients = arrays.map(({ gradient }) => gradient);
  const { norm, ...shares } = clipped(gradients, optimizer);
  return { [normOutput]: norm, ...updatedOutputs(arrays, shares, { ...optimizer, rates: 1 }) };
}

/** AdamW of arrays that are updated at one rate, or in blocks of cells at as many: each block says by a number which is its own. */
export type AdamWAtRates = Pick<AdamW, "betas" | "ema"> & { readonly rates: number };

/** What a step takes of a gradient into the means of it and of its square: the same for all cells, clipping in it. */
export interface GradientShares {
  readonly firstShare: SymbolicArray<"">;
  readonly secondShare: SymbolicArray<"">;
}

/** Names of the shares, where one program makes them and another takes them. */
const shareNames = { firstShare: "firstShare", secondShare: "secondShare" } as const;

/** The norm of all gradients and their shares: the outputs of a program for itself. */
export function clippingOutputs(forms: readonly UpdatedForm[], optimizer: AdamW): Record<string, AnyArray> {
  const gradients = forms.map((form) => given("gradient", form));
  const { norm, firstShare, secondShare } = clipped(gradients, optimizer);
  return { [normOutput]: norm, [shareNames.firstShare]: firstShare, [shareNames.secondShare]: secondShare };
}

/** What the outputs of `clippingOutputs` are written into: inputs of the update, but for the norm. */
export function clippingStorage(): Map<string, HostArray<"">> {
  const names = [normOutput, shareNames.firstShare, shareNames.secondShare];
  return new Map(names.map((name) => [name, zeros("", [], "float32")]));
}

/** Shares that a program is given. */
export function givenShares(): GradientShares {
  const scalar = (name: string) => input(name, "", [], "float32");
  return { firstShare: scalar(shareNames.firstShare), secondShare: scalar(shareNames.secondShare) };
}

function clipped(gradients: readonly SymbolicArray<string>[], { betas, clip }: AdamW) {
  const { norm, factor } = clipByGlobalNorm(gradients, clip);
  return { norm, firstShare: scale(factor, 1 - betas[0]), secondShare: scale(square(factor), 1 - betas[1]) };
}

/**
 * Every array, moment and average after one step.
 *
 * What is the same for all cells is computed once per step, so that as few passes as possible go over the cells:
 * `p ← keep · p − α̂ · m / (√v + ε̂)`, `α̂ = α √(1 − β₂ᵗ) / (1 − β₁ᵗ)`, `ε̂ = ε √(1 − β₂ᵗ)`.
 *
 * @source Loshchilov, Hutter: Decoupled Weight Decay Regularization (arXiv:1711.05101) algorithm 2, decay before the step as
 *   in PyTorch's `AdamW`; the form with `α̂` is that of Kingma, Ba: Adam (arXiv:1412.6980) § 2
 */
export function updatedOutputs(
  arrays: readonly Updated[],
  { firstShare, secondShare }: GradientShares,
  { betas, ema, rates }: AdamWAtRates,
): Record<string, AnyArray> {
  const outputs: Record<string, AnyArray> = {};
  for (const array of arrays) {
    const { name, parameter, gradient } = array;
    const all = (scalar: SymbolicArray<"">) => alignAny(scalar, parameter);
    const epsilon = all(input("epsilon" satisfies keyof StepRates, "", [], "float32"));
    const first = add(scale(given("first", array), betas[0]), multiply(gradient, all(firstShare)));
    const second = add(scale(given("second", array), betas[1]), multiply(square(gradient), all(secondShare)));
    const direction = divide(first, add(sqrt(second), epsilon));
    const next = rates === 1 ? stepped(parameter, direction) : steppedInBlocks(array, direction, rates);
    outputs[nextOf(`${roles.parameter}${name}`)] = next;
    outputs[nextOf(`${roles.first}${name}`)] = first;
    outputs[nextOf(`${roles.second}${name}`)] = second;
    if (ema !== null) {
      const average = given("ema", array);
      outputs[nextOf(`${roles.ema}${name}`)] = add(average, scale(subtract(next, average), 1 - ema));
    }
  }
  return outputs;
}

/** A parameter after its step, at one rate. */
function stepped(parameter: SymbolicArray<string>, direction: SymbolicArray<string>): SymbolicArray<string> {
  const rate = (name: keyof StepRates) => alignAny(input(name, "", [], "float32"), parameter);
  return subtract(multiply(parameter, rate("keep")), multiply(direction, rate("stepSize")));
}

/** The same where every block of cells of an array `[i j]` has the rate of its number. */
function steppedInBlocks(array: Updated, direction: SymbolicArray<string>, rates: number): SymbolicArray<string> {
  const [rows = 0, width = 0] = array.shape;
  const blocks = (of: SymbolicArray<string>) => split(of, "j", "j k", [width / grid, grid]);
  const [own, step] = [blocks(array.parameter), blocks(direction)];
  const numbers = input(`${rateNumbers}${array.name}`, array.axes, [rows, width / grid], "int32");
  const rate = (name: keyof StepRates) => {
    const each = gather(input(name, "y o", [rates, 1], "float32"), numbers, `${array.axes} o`);
    return alignAny(merge(each, "j o", "j"), own);
  };
  return merge(subtract(multiply(own, rate("keep")), multiply(step, rate("stepSize"))), "j k", "j");
}

/** What of a step is a number, for all cells or for those of one rate. */
interface StepRates {
  /** `rate · √(1 − β₂ᵗ) / (1 − β₁ᵗ)`. */
  readonly stepSize: HostArray<string>;
  /** `ε · √(1 − β₂ᵗ)`. */
  readonly epsilon: HostArray<string>;
  /** `1 − rate · weight decay`. */
  readonly keep: HostArray<string>;
}

/**
 * The numbers of one step, as inputs of the update program.
 *
 * @param learningRates one, or one for each number that a block of cells may have
 * @param step counted from 0
 */
export function stepRates(optimizer: AdamW, learningRates: readonly number[], step: number): Arrays {
  const deviation = Math.sqrt(1 - optimizer.betas[1] ** (step + 1));
  const table = (numberOf: (rate: number) => number) => {
    const cells = Float32Array.from(learningRates, numberOf);
    return cells.length === 1 ? scalar(cells) : new HostArray("y o", [cells.length, 1], "float32", cells);
  };
  const rates: StepRates = {
    stepSize: table((rate) => (rate * deviation) / (1 - optimizer.betas[0] ** (step + 1))),
    epsilon: scalar(Float32Array.of(optimizer.epsilon * deviation)),
    keep: table((rate) => 1 - rate * optimizer.weightDecay),
  };
  return new Map(Object.entries(rates));
}

function scalar(cells: Float32Array): HostArray<""> {
  return new HostArray("", [], "float32", cells);
}

function given(role: keyof typeof roles, { name, axes, shape }: UpdatedForm): SymbolicArray<string> {
  return input(`${roles[role]}${name}`, axes, shape, "float32");
}
