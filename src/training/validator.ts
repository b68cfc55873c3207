import type { Batch } from "../batch/batch.ts";
import { cells } from "../graph/axes.ts";
import { type DataType, type HostArray, zeros } from "../graph/host-array.ts";
import { type CompileOptions, Program } from "../graph/program.ts";
import type { Reduction } from "../loss/reduction.ts";
import { type GroupNames, groupErrors, type SampleError, type Validation } from "../metric/group.ts";
import type { ParameterValues } from "../nn/parameter.ts";
import { Mean } from "../validity/mean.ts";
import { type MicroBatch, microBatchOf, type TargetOptions } from "./micro-batch.ts";
import { type Setting, traceObjective } from "./objective.ts";
import { onlyInputs } from "./trainer.ts";

export interface ValidatorOptions {
  /** Its rows are `validation.microBatch`. */
  readonly setting: Setting;
  readonly target: TargetOptions;
  readonly reduction: Reduction;
  /** Noises and times per sample. */
  readonly draws: number;
  readonly names: GroupNames;
  readonly machine: Omit<CompileOptions, "fixed">;
}

/**
 * Losses on held-out samples, by (dataset, control mode).
 *
 * Micro-batches are a function of the validation set alone, errors are summed by cell in float64 in the order of the set, and
 * noise is keyed by the sample: the numbers are the same to the bit at every training batch size and worker count.
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

  /** @param seen told how many samples are done */
  async run(
    parameters: ParameterValues,
    batches: AsyncIterable<Batch>,
    seen: (samples: number) => void,
  ): Promise<Validation> {
    const { target, draws, reduction, names } = this.#options;
    const found: SampleError[] = [];
    for await (const batch of batches) {
      const own: SampleError[] = [];
      for (let draw = 0; draw < draws; draw++)
        addErrors(own, await this.#errors(parameters, microBatchOf(batch, target, draw)));
      found.push(...own);
      seen(found.length);
    }
    return groupErrors(found, reduction, names);
  }

  release(): void {
    this.#program.release();
  }

  async #errors(parameters: ParameterValues, micro: MicroBatch): Promise<SampleError[]> {
    const { rows, steps, actionWidth } = this.#options.setting.layout;
    const errors = zeros("b t d", [rows, steps, actionWidth], "float32");
    const feeds = new Map<string, HostArray<string, DataType>>([...micro.feeds, ...parameters]);
    await this.#program.run(onlyInputs(this.#program, feeds), new Map([["errors", errors]]));
    const width = cells(errors.shape.slice(1));
    return Array.from({ length: micro.samples }, (_, row) => {
      let sum = 0;
      for (let at = row * width; at < (row + 1) * width; at++) sum += errors.cells[at]!;
      return {
        dataset: micro.provenance.dataset[row]!,
        controlMode: micro.provenance.controlMode[row]!,
        velocity: new Mean(sum, countOf(micro, row)),
      };
    });
  }
}

function countOf({ counts: { bySlot } }: MicroBatch, row: number): number {
  const width = bySlot.shape[1] ?? 0;
  return bySlot.cells.subarray(row * width, (row + 1) * width).reduce((sum, count) => sum + count, 0);
}

/** Adds a draw's errors to those of the same samples. */
function addErrors(sums: SampleError[], errors: readonly SampleError[]): void {
  for (const [row, error] of errors.entries()) {
    const known = sums[row];
    sums[row] = known === undefined ? error : { ...known, velocity: known.velocity.plus(error.velocity) };
  }
}
