import type { Batch } from "../batch/batch.ts";
import { type DataType, type HostArray, zeros } from "../graph/host-array.ts";
import { type CompileOptions, Program } from "../graph/program.ts";
import type { Term } from "../loss/reduction.ts";
import { type GroupNames, groupErrors, type SampleError, type Validation } from "../metric/group.ts";
import type { ParameterValues } from "../nn/parameter.ts";
import type { World } from "../ranks/world.ts";
import { type MicroBatch, microBatchOf, sampleErrors, type TargetOptions } from "./micro-batch.ts";
import { type Setting, traceObjective } from "./objective.ts";
import { errorsOverRanks, type PlacedError, placed } from "./over-ranks.ts";
import { onlyInputs } from "./trainer.ts";

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
  readonly #program: Program;

  private constructor(options: ValidatorOptions, program: Program) {
    this.#options = options;
    this.#program = program;
  }

  static async compile(options: ValidatorOptions): Promise<Validator> {
    const { errors } = traceObjective(options.setting);
    return new Validator(options, await Program.compile({ errors }, { ...options.machine, fixed: new Map() }));
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
        addErrors(own, await this.#errors(parameters, microBatchOf(batch, target, draw)));
      found.push(...placed(own, share.turns[done++]! * setting.layout.rows));
      seen(found.length);
    }
    return groupErrors(await errorsOverRanks(world, "validation", terms.length, found), terms, names);
  }

  release(): void {
    this.#program.release();
  }

  async #errors(parameters: ParameterValues, micro: MicroBatch): Promise<SampleError[]> {
    const { rows, steps, actionWidth } = this.#options.setting.layout;
    const errors = zeros("b t d", [rows, steps, actionWidth], "float32");
    const feeds = new Map<string, HostArray<string, DataType>>([...micro.feeds, ...parameters]);
    await this.#program.run(onlyInputs(this.#program, feeds), new Map([["errors", errors]]));
    return sampleErrors(micro, this.#options.terms, errors);
  }
}

/** Adds a draw's errors to those of the same samples. */
function addErrors(sums: SampleError[], errors: readonly SampleError[]): void {
  for (const [row, error] of errors.entries()) {
    const known = sums[row];
    sums[row] =
      known === undefined
        ? error
        : { ...known, velocity: known.velocity.map((mean, term) => mean.plus(error.velocity[term]!)) };
  }
}
