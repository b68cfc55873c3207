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
  readonly target: TargetOptions;
  readonly terms: readonly Term[];
  /** Noises and times per sample. */
  readonly draws: number;
  readonly names: GroupNames;
  readonly machine: Omit<CompileOptions, "fixed">;
  readonly world: World;
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
   * @param share the micro-batches that this rank computes, and their places among all of them
   * @param seen told how many samples this rank has done
   */
  async run(
    parameters: ParameterValues,
    share: { readonly batches: AsyncIterable<Batch>; readonly turns: readonly number[] },
    seen: (samples: number) => void,
  ): Promise<Validation> {
    const { target, draws, terms, names, setting, world } = this.#options;
    const found: PlacedError[] = [];
    let done = 0;
    for await (const batch of share.batches) {
      const own: SampleError[] = [];
      for (let draw = 0; draw < draws; draw++)
        addErrors(own, await this.#errorsOf(parameters, microBatchOf(batch, target, draw)));
      found.push(...withPlaces(own, share.turns[done++]! * setting.layout.rows));
      seen(found.length);
    }
    return groupErrors(await errorsOverRanks(world, "validation", terms.length, found), terms, names);
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
