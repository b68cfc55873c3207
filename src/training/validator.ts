import type { Batch } from "../batch/batch.ts";
import { type DataType, type HostArray, zeros } from "../graph/host-array.ts";
import { type CompileOptions, Program } from "../graph/program.ts";
import type { Term } from "../loss/reduction.ts";
import { type GroupNames, groupErrors, type SampleError, type Validation } from "../metric/group.ts";
import type { ParameterValues } from "../nn/parameter.ts";
import { type ErrorsByName, type MicroBatch, microBatchOf, sampleErrors } from "../objective/micro-batch.ts";
import { errorOutputs, type TracedObjectives, traceObjectives } from "../objective/objective.ts";
import { onlyInputs } from "../objective/only-inputs.ts";
import type { TargetOptions } from "../objective/target.ts";
import { errorsOutput, type Setting } from "../objective/traced.ts";
import type { World } from "../ranks/world.ts";
import { errorsOverRanks, type PlacedError, withPlaces } from "./over-ranks.ts";

export interface ValidatorOptions {
  /** Its rows are `validation.microBatch`. */
  readonly setting: Setting;
  readonly terms: readonly Term[];
  readonly names: GroupNames;
  readonly machine: Omit<CompileOptions, "fixed">;
  readonly world: World;
}

/** Micro-batches of held-out samples, and their places among all of them. */
export interface ValidationShare {
  /** Of each micro-batch all its draws of noise and time. */
  readonly micros: AsyncIterable<readonly MicroBatch[]>;
  readonly turns: readonly number[];
}

/** Each batch with several draws of noise and time. */
export async function* drawsOf(
  batches: AsyncIterable<Batch>,
  target: TargetOptions,
  draws: number,
): AsyncGenerator<readonly MicroBatch[]> {
  for await (const batch of batches)
    yield Array.from({ length: draws }, (_, draw) => microBatchOf(batch, target, draw));
}

/**
 * Losses on held-out samples, by (dataset, control mode).
 *
 * Micro-batches are a function of the validation set alone and are dealt whole to ranks; errors are summed by cell in float64
 * in the order of the set, and noise is keyed by the sample: the numbers are the same to the bit at every training batch size,
 * worker count and number of ranks.
 */
export class Validator {
  readonly #options: ValidatorOptions;
  readonly #errors: TracedObjectives["errors"];
  readonly #program: Program;

  private constructor(options: ValidatorOptions, errors: TracedObjectives["errors"], program: Program) {
    this.#options = options;
    this.#errors = errors;
    this.#program = program;
  }

  static async compile(options: ValidatorOptions): Promise<Validator> {
    const { errors } = traceObjectives(options.setting);
    const program = await Program.compile(errorOutputs({ errors }), { ...options.machine, fixed: new Map() });
    return new Validator(options, errors, program);
  }

  /**
   * The same at every rank.
   *
   * @param share the micro-batches that this rank computes
   * @param seen told how many samples this rank has done
   */
  async run(parameters: ParameterValues, share: ValidationShare, seen: (samples: number) => void): Promise<Validation> {
    return this.grouped(await this.errors(parameters, share, seen));
  }

  /** The error of every sample over all its draws, in the order of the validation set, at every rank. */
  async errors(
    parameters: ParameterValues,
    { micros, turns }: ValidationShare,
    seen: (samples: number) => void,
  ): Promise<SampleError[]> {
    const { terms, setting, world } = this.#options;
    const found: PlacedError[] = [];
    let done = 0;
    for await (const draws of micros) {
      const own: SampleError[] = [];
      for (const micro of draws) addErrors(own, await this.#errorsOf(parameters, micro));
      found.push(...withPlaces(own, turns[done++]! * setting.layout.rows));
      seen(found.length);
    }
    return await errorsOverRanks(world, "validation", terms.length, found);
  }

  /** Losses by (dataset, control mode) of samples whose errors are known. */
  grouped(errors: readonly SampleError[]): Validation {
    const { terms, names } = this.#options;
    return groupErrors(errors, terms, names);
  }

  /** The same program on other ranks. */
  on(world: World): Validator {
    return new Validator({ ...this.#options, world }, this.#errors, this.#program);
  }

  release(): void {
    this.#program.release();
  }

  async #errorsOf(parameters: ParameterValues, micro: MicroBatch): Promise<SampleError[]> {
    const errors: ErrorsByName = new Map(
      this.#errors.map(({ name, cells: { axes, shape } }) => [name, zeros(axes, shape, "float32")]),
    );
    const feeds = new Map<string, HostArray<string, DataType>>([...micro.feeds, ...parameters]);
    const fetches = new Map([...errors].map(([name, array]) => [errorsOutput(name), array]));
    await this.#program.run(onlyInputs(this.#program, feeds), fetches);
    return sampleErrors(micro, this.#options.terms, errors);
  }
}

/** Adds a draw's errors to those of the same samples. */
function addErrors(sums: SampleError[], errors: readonly SampleError[]): void {
  for (const [row, error] of errors.entries()) {
    const known = sums[row];
    sums[row] =
      known === undefined ? error : { ...known, terms: known.terms.map((mean, term) => mean.plus(error.terms[term]!)) };
  }
}
