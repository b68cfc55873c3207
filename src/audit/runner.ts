import type { Batch } from "../batch/batch.ts";
import { cutToRobot } from "../batch/cut.ts";
import { slots } from "../embodiment/embodiment.ts";
import { ownActions } from "../embodiment/own-action.ts";
import { HostArray, zeros } from "../graph/host-array.ts";
import type { SampleError } from "../metric/group.ts";
import type { ParameterValues } from "../nn/parameter.ts";
import { gradientPrefix } from "../objective/objective.ts";
import { ActionSampler } from "../objective/sample.ts";
import { answersOf } from "../recipe/answer.ts";
import { loadPlanOf, type Plan, settingOf, termsOf } from "../recipe/plan.ts";
import type { GlobalGradientResult } from "../training/global-gradient.ts";
import type { GlobalBatch, ProductPart } from "./global-batch.ts";

import type { Output, Outputs } from "./law.ts";
import { type Acted, AuditedProduct } from "./product.ts";
import { joined } from "./rearrange.ts";

/** Names of the outputs beside gradients, errors and metrics. */
export const outputNames = {
  loss: "loss",
  actions: "sampled actions",
} as const;

/** Prefixes of outputs that there are of each objective or term: what each cell weighs in the loss, and the errors by sample. */
export const errorPrefixes = {
  weights: "loss.weights.",
  trained: "errors in training of ",
  validated: "errors in validation of ",
} as const;

/** Prefix of the outputs that hold validation's numbers. */
export const metricPrefix = "metric.";

/** Runs global batches through the product's own code: everything that padding must not reach. */
export class GlobalBatchRunner {
  readonly #compiled = new Map<string, Promise<AuditedProduct>>();
  #acting: Promise<ActionSampler> | null = null;
  #weights: ParameterValues = new Map();

  /** Goes on with other weights: those of the policy as it is; where a batch is wider than the policy, new cells are made up. */
  async take(weights: ParameterValues): Promise<void> {
    this.#weights = weights;
    for (const product of this.#compiled.values()) (await product).take(weights);
  }

  /** Loss, every gradient, errors by sample, sampled actions and validation's numbers. */
  async run(whole: GlobalBatch): Promise<Outputs> {
    const product = await this.productOf(whole.plan, whole.rows);
    const goesThrough = (part: ProductPart) => whole.through.includes(part);
    return new Map<string, Output>([
      ...(goesThrough("training") ? outputsOfTraining(whole, await product.trained(whole)) : []),
      ...(goesThrough("validation") ? outputsOfValidation(whole, product, await product.validated(whole)) : []),
      ...(goesThrough("sampling") ? outputsOfSampling(whole, await product.acted(whole)) : []),
    ]);
  }

  /** What a plan is trained, validated and served by, for micro-batches of so many rows. */
  productOf(plan: Plan, rows: number): Promise<AuditedProduct> {
    const key = JSON.stringify({ policy: plan.recipe.policy, rows });
    const compiled = this.#compiled.get(key) ?? AuditedProduct.compile(plan, rows, this.#weights);
    this.#compiled.set(key, compiled);
    return compiled;
  }

  /** The sampler that acts for a plan: as it is compiled for robots, without room for poison. */
  async actingSampler(plan: Plan, rows: number): Promise<ActionSampler> {
    const { device, threads } = plan.recipe;
    const options = {
      setting: settingOf(plan, rows),
      placement: "fed",
      answers: answersOf(plan.recipe),
      machine: { device, threads },
    } as const;
    this.#acting ??= ActionSampler.compile({ ...options, weights: this.#weights });
    return (await this.#acting).under(this.#weights);
  }

  async release(): Promise<void> {
    (await this.#acting)?.release();
    for (const each of this.#compiled.values()) (await each).release();
    this.#compiled.clear();
  }
}

function outputsOfTraining(whole: GlobalBatch, result: GlobalGradientResult): [string, Output][] {
  const { loss, errors, gradient, weights } = result;
  return [
    [outputNames.loss, scalar(loss)],
    ...[...gradient].map(([name, { axes, shape, cells }]): [string, Output] => [
      `${gradientPrefix}${name}`,
      new HostArray(axes, shape, "float32", cells.slice()),
    ]),
    ...[...weights[0]!.keys()].map((name): [string, Output] => [
      `${errorPrefixes.weights}${name}`,
      joined(weights.map((own) => own.get(name)!)),
    ]),
    ...bySample(errorPrefixes.trained, whole, errors),
  ];
}

function outputsOfValidation(
  whole: GlobalBatch,
  product: AuditedProduct,
  errors: readonly SampleError[],
): [string, Output][] {
  const { groups } = product.grouped(errors);
  const metrics = groups.flatMap(({ dataset, controlMode, byErrors }) =>
    [...byErrors].flatMap(([name, value]): [string, Output][] =>
      value === null ? [] : [[`${metricPrefix}${name} of ${dataset} / ${controlMode}`, scalar(value)]],
    ),
  );
  return [...bySample(errorPrefixes.validated, whole, errors), ...metrics];
}

function outputsOfSampling({ plan, parts }: GlobalBatch, acted: readonly Acted[]): [string, Output][] {
  const outputs = acted.map((sampled, part): Output => {
    const { batch } = parts[part]!;
    return sampled.axes === "b n" ? ofTargets(batch, sampled) : ownUnits(plan, batch, sampled);
  });
  return [[outputNames.actions, joined(outputs)]];
}

/** Answers of rows with a robot target; 0 of others. */
function ofTargets({ facts }: Batch, said: HostArray<"b n", "int32">): Output {
  const [, length = 1] = said.shape;
  const out = zeros("b n", said.shape, "int32");
  for (const [at, token] of said.cells.entries())
    if (facts.targetReal.isReal(Math.floor(at / length))) out.cells[at] = token;
  return out;
}

/** For each term the sum of every sample's errors, and how many cells they are of: `[b m]`, 0 in filler rows. */
function bySample(prefix: string, whole: GlobalBatch, errors: readonly SampleError[]): [string, Output][] {
  const rows = whole.parts.flatMap(({ batch }, part) =>
    Array.from(batch.facts.rowReal.bits, (bit, row) => (bit === 1 ? [part * whole.rows + row] : [])).flat(),
  );
  return termsOf(whole.plan).map(({ name }, term) => {
    const out = zeros("b m", [whole.parts.length * whole.rows, 2], "float64");
    for (const [at, { terms }] of errors.entries()) {
      const { sum, count } = terms[term]!;
      out.cells.set([sum, count], 2 * rows[at]!);
    }
    return [`${prefix}${name}`, out];
  });
}

function scalar(value: number): HostArray<"", "float64"> {
  return new HostArray("", [], "float64", Float64Array.of(value));
}

/** The actions of robots whose state is 0, in their own units and order: `[b t d]`; 0 where a row has no robot target. */
function ownUnits(plan: Plan, { facts, provenance }: Batch, sampled: HostArray<"b t d">): Output {
  const { members } = plan.mixture;
  const { units } = loadPlanOf(plan);
  const [rows = 0, steps = 0] = sampled.shape;
  const width = Math.max(...members.map(({ embodiment }) => embodiment.dofs.length));
  const out = zeros("b t d", [rows, steps, width], "float64");
  for (let row = 0; row < rows; row++) {
    if (!facts.targetReal.isReal(row)) continue;
    // Every member of this dataset and control mode is of one normalisation group, and this is the first of them in every trial.
    const at = members.findIndex(
      ({ dataset, controlMode }) => dataset === provenance.dataset[row] && controlMode === provenance.controlMode[row],
    );
    const { dofs, states } = members[at]!.embodiment;
    const reading = { dofs, unit: units[at]!.action, frame: plan.recipe.data.actions };
    const own = ownActions(cutToRobot(sampled, row, slots(dofs)), new Float64Array(states.length), reading);
    for (let step = 0; step < steps; step++)
      out.cells.set(own.cells.subarray(step * dofs.length, (step + 1) * dofs.length), (row * steps + step) * width);
  }
  return out;
}
