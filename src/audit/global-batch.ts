import type { Batch } from "../batch/batch.ts";
import { filled, type Poison } from "../batch/poison.ts";
import type { Form } from "../graph/array.ts";
import { cells } from "../graph/axes.ts";
import { type Arrays, type DataType, HostArray, zeros } from "../graph/host-array.ts";
import { Program } from "../graph/program.ts";
import { stream } from "../graph/random.ts";
import { groupErrors } from "../metric/group.ts";
import type { ParameterForm, ParameterValues } from "../nn/parameter.ts";
import {
  type MicroBatch,
  microBatchOf,
  sampleErrors,
  type TargetOptions,
  weighted,
  wholeCounts,
} from "../training/micro-batch.ts";
import { flowInputs, gradientOutputs, gradientPrefix, traceActions, traceObjective } from "../training/objective.ts";
import { groupNamesOf, type Plan, settingOf, targetOf, termsOf } from "../training/plan.ts";
import { onlyInputs } from "../training/trainer.ts";
import { Validity } from "../validity/validity.ts";
import type { Output, Outputs } from "./law.ts";

/** A micro-batch, and what its noise is poisoned with. */
export interface Part {
  readonly batch: Batch;
  readonly noise: { readonly at: Uint8Array; readonly poison: Poison } | null;
}

/** Micro-batches that make up one global batch, and the policy that they go through. */
export interface GlobalBatch {
  readonly plan: Plan;
  /** Of each micro-batch. */
  readonly rows: number;
  readonly purpose: TargetOptions["purpose"];
  readonly parts: readonly Part[];
}

/** Names of the outputs beside gradients and metrics. */
export const outputNames = { loss: "loss", errors: "errors", actions: "sampled actions" } as const;

/** Prefix of the outputs that hold validation's numbers. */
export const metricPrefix = "metric.";

interface Compiled {
  readonly outputs: Readonly<Record<string, Form>>;
  readonly parameters: ParameterValues;
  readonly program: Program;
}

/** Runs global batches: everything that padding must not reach, from one program per policy and layout. */
export class GlobalBatchRunner {
  readonly #weights: ParameterValues;
  readonly #compiled = new Map<string, Promise<Compiled>>();

  /** @param weights of the policy as it is; where a batch is wider than the policy, new cells are made up */
  constructor(weights: ParameterValues) {
    this.#weights = weights;
  }

  /** Loss, every gradient, sampled actions, errors by cell and validation's numbers. */
  async run({ plan, rows, purpose, parts }: GlobalBatch): Promise<Outputs> {
    const compiled = await this.#programOf(plan, rows);
    const target = targetOf(plan, purpose);
    const terms = termsOf(plan.recipe);
    const micros = parts.map(({ batch, noise }) => withNoise(microBatchOf(batch, target, "as drawn"), noise));
    const whole = wholeCounts(micros, terms);
    const results: Map<string, Values>[] = [];
    for (const micro of micros) {
      const feeds = new Map([...weighted(micro, terms, whole, plan.rules), ...compiled.parameters]);
      results.push(await fetched(compiled, feeds));
    }
    const errors = results.map((result) => result.get(outputNames.errors)!);
    return new Map<string, Output>([
      ...summed(results, (name) => name === outputNames.loss || name.startsWith(gradientPrefix)),
      [outputNames.errors, joined(errors)],
      [outputNames.actions, joined(results.map((result, at) => realActions(result, parts[at]!.batch)))],
      ...metrics(plan, micros, errors),
    ]);
  }

  async release(): Promise<void> {
    for (const each of this.#compiled.values()) (await each).program.release();
    this.#compiled.clear();
  }

  #programOf(plan: Plan, rows: number): Promise<Compiled> {
    const key = JSON.stringify({ policy: plan.recipe.policy, rows });
    const compiled = this.#compiled.get(key) ?? this.#compile(plan, rows);
    this.#compiled.set(key, compiled);
    return compiled;
  }

  async #compile(plan: Plan, rows: number): Promise<Compiled> {
    const setting = settingOf(plan, rows);
    const objective = traceObjective(setting);
    // Gradients stand before the errors by row and slot, whose place the errors by cell take.
    const outputs = {
      ...gradientOutputs(objective, objective.parameters),
      [outputNames.errors]: objective.errors,
      [outputNames.actions]: traceActions(setting).actions,
    };
    const { device, threads } = plan.recipe;
    const program = await Program.compile(outputs, { device, threads, fixed: new Map() });
    return { outputs, parameters: fitted(this.#weights, objective.parameters), program };
  }
}

type Values = HostArray<string, "float32">;

/** Weights for parameters that may be larger: the cells that both have are kept, others are noise. */
export function fitted(weights: ParameterValues, forms: readonly ParameterForm[]): ParameterValues {
  return new Map(
    forms.map((form) => {
      const own = weights.get(form.name);
      if (own === undefined) throw new RangeError(`audit: expected weights of "${form.name}", got none`);
      return [form.name, own.shape.join() === form.shape.join() ? own : enlarged(own, form)];
    }),
  );
}

function enlarged(own: Values, { name, axes, shape }: ParameterForm): Values {
  const out = zeros(axes, shape, "float32");
  stream(0, "padded weight", name).fillNormal(out.cells, 0, 0, 0);
  const width = own.shape.at(-1) ?? 1;
  for (let row = 0; row < cells(own.shape) / width; row++) {
    let [rest, at, stride] = [row, 0, shape.at(-1)!];
    for (let axis = shape.length - 2; axis >= 0; axis--) {
      at += (rest % own.shape[axis]!) * stride;
      rest = Math.floor(rest / own.shape[axis]!);
      stride *= shape[axis]!;
    }
    out.cells.set(own.cells.subarray(row * width, (row + 1) * width), at);
  }
  return out;
}

function withNoise(micro: MicroBatch, noise: Part["noise"]): MicroBatch {
  if (noise === null) return micro;
  const own = micro.feeds.get(flowInputs.noise);
  if (!isFloat32(own)) throw new TypeError(`audit: expected noise in float32, got ${own?.type}`);
  const sick = filled(own, noise.at, noise.poison.number);
  return { ...micro, feeds: new Map([...micro.feeds, [flowInputs.noise, sick]]) };
}

/** What a program computes, in storage of its own. */
async function fetched({ program, outputs }: Compiled, feeds: Arrays): Promise<Map<string, Values>> {
  const storage = new Map(
    Object.entries(outputs).map(([name, { axes, shape }]) => [name, zeros(axes, shape, "float32")]),
  );
  await program.run(onlyInputs(program, feeds), storage);
  return storage;
}

function summed(results: readonly Map<string, Values>[], isSummed: (name: string) => boolean): Map<string, Values> {
  const [first = new Map<string, Values>(), ...others] = results;
  const own = new Map([...first].filter(([name]) => isSummed(name)));
  for (const other of others)
    for (const [name, { cells: sums }] of own) {
      const more = other.get(name)!.cells;
      for (let at = 0; at < sums.length; at++) sums[at]! += more[at]!;
    }
  return own;
}

/** Arrays of rows, one after the other. */
function joined(arrays: readonly Values[]): Values {
  const { axes, shape } = arrays[0]!;
  const rows = arrays.reduce((sum, array) => sum + array.shape[0]!, 0);
  const out = zeros(axes, [rows, ...shape.slice(1)], "float32");
  let end = 0;
  for (const array of arrays) {
    out.cells.set(array.cells, end);
    end += array.cells.length;
  }
  return out;
}

/** Actions in the cells that exist; the others promise nothing. */
function realActions(result: Map<string, Values>, { facts }: Batch): Values {
  const actions = result.get(outputNames.actions)!;
  const { stepReal, dofReal, targetReal, rowReal } = facts;
  const isReal = Validity.every("b t d", [stepReal, dofReal, targetReal, rowReal]);
  return filled(
    actions,
    isReal.bits.map((bit) => 1 - bit),
    () => 0,
  );
}

/** Validation's numbers of these rows, by dataset and control mode. */
function metrics(plan: Plan, micros: readonly MicroBatch[], errors: readonly Values[]) {
  const found = micros.flatMap((micro, at) => sampleErrors(micro, errors[at]!));
  const { groups } = groupErrors(found, plan.recipe.reduction, groupNamesOf(plan));
  return groups.flatMap(({ dataset, controlMode, velocity }) =>
    velocity === null
      ? []
      : [
          [
            `${metricPrefix}${dataset} / ${controlMode}`,
            new HostArray("", [], "float64", Float64Array.of(velocity)),
          ] as const,
        ],
  );
}

function isFloat32(array: HostArray<string, DataType> | undefined): array is Values {
  return array?.type === "float32";
}
