import type { Batch, Provenance } from "../batch/batch.ts";
import { realActionCells } from "../batch/fields.ts";
import type { Units } from "../batch/maker.ts";
import { HostArray, zeros } from "../graph/host-array.ts";
import type { AnyArray, Form } from "../graph/operation.ts";
import { Program } from "../graph/program.ts";
import { groupErrors } from "../metric/group.ts";
import { type Parameter, type ParameterValues, Scope } from "../nn/parameter.ts";
import { type ErrorsByName, lossOf, sampleErrors } from "../objective/micro-batch.ts";
import { gradientOutputs, gradientPrefix, traceActionsIn, traceObjectivesIn } from "../objective/objective.ts";
import { onlyInputs } from "../objective/only-inputs.ts";
import { errorsOutput } from "../objective/traced.ts";
import { groupNamesOf, loadPlanOf, type Plan, settingOf, termsOf } from "../recipe/plan.ts";
import { onHost } from "../validity/join.ts";
import { type Fed, fed, type GlobalBatch, type GlobalBatchPart } from "./global-batch.ts";
import type { Output, Outputs } from "./law.ts";
import { fittedWeights } from "./weight.ts";

/** Names of the outputs beside gradients and metrics. */
export const outputNames = {
  loss: "loss",
  actions: "sampled actions",
} as const;

/** Prefixes of outputs that there are of each objective's errors: what each cell weighs in the loss, and the errors by cell. */
export const errorPrefixes = { weights: "loss.weights.", errors: "cells." } as const;

/** Whether an output has a row for each of the batch. */
export function isByRow(output: string): boolean {
  const { weights, errors } = errorPrefixes;
  return output === outputNames.actions || output.startsWith(weights) || output.startsWith(errors);
}

/** Prefix of the outputs that hold validation's numbers. */
export const metricPrefix = "metric.";

type Values = HostArray<string, "float32">;

interface Compiled {
  readonly parameters: readonly Parameter[];
  readonly outputs: Readonly<Record<string, Form>>;
  readonly program: Program;
}

/** Runs global batches: everything that padding must not reach, from one program per policy and layout. */
export class GlobalBatchRunner {
  readonly #compiled = new Map<string, Promise<Compiled>>();
  readonly #fitted = new Map<Compiled, ParameterValues>();
  #weights: ParameterValues = new Map();

  /** Goes on with other weights: those of the policy as it is; where a batch is wider than the policy, new cells are made up. */
  take(weights: ParameterValues): void {
    this.#weights = weights;
    this.#fitted.clear();
  }

  /** Loss, every gradient, sampled actions, errors by cell and validation's numbers. */
  async run(whole: GlobalBatch): Promise<Outputs> {
    const compiled = await this.#programOf(whole.plan, whole.rows);
    const parts = fed(whole);
    const results: Map<string, Values>[] = [];
    for (const { feeds } of parts) results.push(await this.#results(compiled, feeds));
    const errors = results.map((result) => errorsIn(result, errorPrefixes.errors));
    const { units } = loadPlanOf(whole.plan);
    const actions = results.map((result, at) =>
      realActions(whole.plan, units, compared(whole.parts[at]!), result.get(outputNames.actions)!),
    );
    return new Map<string, Output>([
      [outputNames.loss, loss(parts, results)],
      ...summed(results, (name) => name.startsWith(gradientPrefix)),
      ...joinedByName(
        errorPrefixes.weights,
        parts.map(({ cellWeights }) => cellWeights),
      ),
      ...joinedByName(errorPrefixes.errors, errors),
      [outputNames.actions, joined(actions)],
      ...metrics(whole.plan, parts, errors),
    ]);
  }

  async release(): Promise<void> {
    for (const each of this.#compiled.values()) (await each).program.release();
    this.#compiled.clear();
  }

  async #results(compiled: Compiled, feeds: Fed["feeds"]): Promise<Map<string, Values>> {
    const { program, outputs, parameters } = compiled;
    const weights = this.#fitted.get(compiled) ?? fittedWeights(this.#weights, parameters);
    this.#fitted.set(compiled, weights);
    const storage = new Map(
      Object.entries(outputs).map(([name, { axes, shape }]) => [name, zeros(axes, shape, "float32")]),
    );
    await program.run(onlyInputs(program, new Map([...feeds, ...weights])), storage);
    return storage;
  }

  #programOf(plan: Plan, rows: number): Promise<Compiled> {
    const key = JSON.stringify({ policy: plan.recipe.policy, rows });
    const compiled = this.#compiled.get(key) ?? compile(plan, rows);
    this.#compiled.set(key, compiled);
    return compiled;
  }
}

async function compile(plan: Plan, rows: number): Promise<Compiled> {
  const setting = settingOf(plan, rows);
  const objectives = traceObjectivesIn(Scope.poisonable(plan.rules), setting);
  const cells = objectives.errors.map((errors) => [`${errorPrefixes.errors}${errors.name}`, errors.cells] as const);
  const outputs: Record<string, AnyArray> = {
    ...gradientOutputs(objectives, objectives.parameters),
    ...Object.fromEntries(cells),
    [outputNames.actions]: traceActionsIn(Scope.poisonable(plan.rules), setting).actions,
  };
  const { device, threads } = plan.recipe;
  const program = await Program.compile(outputs, { device, threads, fixed: new Map() });
  return { parameters: objectives.parameters, outputs, program };
}

/** The errors of every objective among what a program gave. */
function errorsIn(result: ReadonlyMap<string, Values>, prefix: string): Map<string, Values> {
  const own = [...result].filter(([name]) => name.startsWith(prefix));
  return new Map(own.map(([name, values]) => [name.slice(prefix.length), values]));
}

/** The loss as training reports it. */
function loss(parts: readonly Fed[], results: readonly Map<string, Values>[]): HostArray<"", "float64"> {
  const total = parts.reduce(
    (sum, { cellWeights }, at) => sum + lossOf(cellWeights, errorsIn(results[at]!, errorsOutput(""))),
    0,
  );
  return new HostArray("", [], "float64", Float64Array.of(total));
}

function summed(results: readonly Map<string, Values>[], isSummed: (name: string) => boolean): Map<string, Values> {
  const [first = new Map<string, Values>(), ...others] = results;
  const own = new Map([...first].filter(([name]) => isSummed(name)));
  for (const other of others)
    for (const [name, { cells }] of own) {
      const more = other.get(name)!.cells;
      for (let at = 0; at < cells.length; at++) cells[at]! += more[at]!;
    }
  return own;
}

/** Arrays of each name of several micro-batches, rows one after the other. */
function joinedByName(prefix: string, parts: readonly ReadonlyMap<string, Output>[]): [string, Output][] {
  return [...parts[0]!.keys()].map((name) => [`${prefix}${name}`, joined(parts.map((part) => part.get(name)!))]);
}

/** Arrays of rows, one after the other. */
function joined(arrays: readonly Output[]): Output {
  const { axes, shape, type } = arrays[0]!;
  const rows = arrays.reduce((sum, array) => sum + array.shape[0]!, 0);
  const out = zeros(axes, [rows, ...shape.slice(1)], type);
  let end = 0;
  for (const array of arrays) {
    out.cells.set(array.cells, end);
    end += array.cells.length;
  }
  return out;
}

/** The batch whose cells are compared. */
function compared({ batch, teaching }: GlobalBatchPart): Batch {
  return teaching ?? batch;
}

/** Actions in the robots' own units, in the cells that exist; the others promise nothing. */
function realActions(plan: Plan, units: readonly Units[], { facts, provenance, ownDof }: Batch, sampled: Values) {
  const isReal = realActionCells(onHost, facts).bits;
  const [, steps = 0, width = 0] = sampled.shape;
  const out = zeros(sampled.axes, sampled.shape, "float64");
  for (let at = 0; at < out.cells.length; at++) {
    if (isReal[at] === 0) continue;
    const row = Math.floor(at / (steps * width));
    const dof = ownDof.cells[row * width + (at % width)]!;
    const { action } = units[memberOf(plan, provenance, row)]!;
    out.cells[at] = dof < 0 ? sampled.cells[at]! : action.center[dof]! + sampled.cells[at]! * action.scale[dof]!;
  }
  return out;
}

/** Its normalisation group, hence its units, is that of every member with this dataset and control mode. */
function memberOf({ mixture }: Plan, { dataset, controlMode }: Provenance, row: number): number {
  return mixture.members.findIndex(
    (member) => member.dataset === dataset[row] && member.controlMode === controlMode[row],
  );
}

/** Validation's numbers of these rows, by dataset and control mode. */
function metrics(plan: Plan, parts: readonly Fed[], errors: readonly ErrorsByName[]): [string, Output][] {
  const terms = termsOf(plan);
  const found = parts.flatMap(({ micro }, at) => sampleErrors(micro, terms, errors[at]!));
  const { groups } = groupErrors(found, terms, groupNamesOf(plan));
  return groups.flatMap(({ dataset, controlMode, byErrors }) =>
    [...byErrors].flatMap(([name, value]): [string, Output][] => {
      if (value === null) return [];
      const array = new HostArray("", [], "float64", Float64Array.of(value));
      return [[`${metricPrefix}${name} of ${dataset} / ${controlMode}`, array]];
    }),
  );
}
