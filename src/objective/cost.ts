import { cells } from "../graph/axes.ts";
import { productOperations } from "../graph/cost.ts";
import { everyParameter, gradientOutputs, saidAnswer, traceActions, traceObjectives } from "./objective.ts";
import type { Setting } from "./traced.ts";

/** Parameters of one part of a policy. */
export interface PartSize {
  /** "vision", "backbone": the first word of their names. */
  readonly name: string;
  readonly parameters: number;
}

/** What a policy is made of and what it takes to compute. */
export interface PolicyCost {
  /** In the order in which a frame meets them. */
  readonly parts: readonly PartSize[];
  readonly parameters: number;
  /** Floating-point operations of matrix products, of all rows of the setting: a forward and a backward pass. */
  readonly gradientOperations: number;
  /** The same of an answer: from an observation to a chunk of actions. `null` where no objective makes actions. */
  readonly answerOperations: number | null;
}

/** Counted from the programs that training and serving run; no weights are made. */
export function costOf(setting: Setting): PolicyCost {
  const parts = new Map<string, number>();
  for (const { name, shape } of everyParameter(setting)) {
    const part = name.split(".", 1)[0]!;
    parts.set(part, (parts.get(part) ?? 0) + cells(shape));
  }
  const objectives = traceObjectives(setting);
  const gradients = Object.values(gradientOutputs(objectives, objectives.parameters, "nothing"));
  return {
    parts: [...parts].map(([name, parameters]) => ({ name, parameters })),
    parameters: [...parts.values()].reduce((sum, count) => sum + count, 0),
    gradientOperations: productOperations([objectives.loss, ...gradients]),
    answerOperations: answerOperations(setting),
  };
}

/** What a training step of some rows takes. */
export interface StepCost {
  /** Floating-point operations of its matrix products: forward, and back to what trains. */
  readonly operations: number;
  /** Cells of the parameters that train. */
  readonly parameters: number;
}

/**
 * The same of what trains alone, counted from the gradient program.
 *
 * @param trained names of the parameters that train, of those that the objectives read
 */
export function stepCost(setting: Setting, trained: ReadonlySet<string>): StepCost {
  const trains = (name: string) => trained.has(name);
  const objectives = traceObjectives({ ...setting, trains });
  const own = objectives.parameters.filter(({ name }) => trains(name));
  const gradients = Object.values(gradientOutputs(objectives, own, "nothing"));
  return {
    operations: productOperations([objectives.loss, ...gradients]),
    parameters: own.reduce((sum, { shape }) => sum + cells(shape), 0),
  };
}

function answerOperations(setting: Setting): number | null {
  const kinds = setting.form.variant.objectives.map(({ kind }) => kind);
  if (kinds.includes("flow")) return productOperations([traceActions(setting).actions]);
  return kinds.includes("tokens") ? productOperations([saidAnswer(setting, {}).answer]) : null;
}
