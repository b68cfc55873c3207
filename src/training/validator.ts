import type { Batch } from "../batch/batch.ts";
import { layoutIn, type MicroShape } from "../batch/shape.ts";
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
import { mostPrograms, ProgramCache } from "./program-cache.ts";

export interface ValidatorOptions {
  /** Its layout has room for every micro-batch. */
  readonly setting: Setting;
  readonly terms: readonly Term[];
  readonly names: GroupNames;
  readonly machine: Omit<CompileOptions, "fixed">;
  readonly world: World;
  /** Shape of the micro-batches whose program is compiled at once; missing: each when it is needed. */
  readonly firstShape?: MicroShape;
}

/** Micro-batches of held-out samples, and the places of their samples among all of them. */
export interface ValidationShare {
  /** Of each micro-batch all its draws of noise and time. */
  readonly micros: AsyncIterable<readonly MicroBatch[]>;
  readonly places: readonly (readonly number[])[];
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
  readonly #programs: ProgramCache<ErrorProgram>;

  private constructor(options: ValidatorOptions, programs: ProgramCache<ErrorProgram>) {
    this.#options = options;
    this.#programs = programs;
  }

  static async compile(options: ValidatorOptions): Promise<Validator> {
    const { setting, machine, firstShape } = options;
    const compile = (shape: MicroShape) =>
      errorProgram({ ...setting, layout: layoutIn(setting.layout, shape) }, { ...machine, fixed: new Map() });
    const programs = new ProgramCache(compile, mostPrograms);
    if (firstShape !== undefined) await programs.with(firstShape, async () => {});
    return new Validator(options, programs);
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
    { micros, places }: ValidationShare,
    seen: (samples: number) => void,
  ): Promise<SampleError[]> {
    const { terms, world } = this.#options;
    const found: PlacedError[] = [];
    let done = 0;
    for await (const draws of micros) {
      const own: SampleError[] = [];
      for (const micro of draws) addErrors(own, await this.#errorsOf(parameters, micro));
      found.push(...withPlaces(own, places[done++]!));
      seen(found.length);
    }
    return await errorsOverRanks(world, "validation", terms.length, found);
  }

  /** Losses by (dataset, control mode) of samples whose errors are known. */
  grouped(errors: readonly SampleError[]): Validation {
    const { terms, names } = this.#options;
    return groupErrors(errors, terms, names);
  }

  /** The same programs on other ranks. */
  on(world: World): Validator {
    return new Validator({ ...this.#options, world }, this.#programs);
  }

  release(): void {
    this.#programs.release();
  }

  async #errorsOf(parameters: ParameterValues, micro: MicroBatch): Promise<SampleError[]> {
    return await this.#programs.with(micro.shape, async ({ program, outputs }) => {
      const errors: ErrorsByName = new Map(
        outputs.map(({ name, cells: { axes, shape } }) => [name, zeros(axes, shape, "float32")]),
      );
      const feeds = new Map<string, HostArray<string, DataType>>([...micro.feeds, ...parameters]);
      const fetches = new Map([...errors].map(([name, array]) => [errorsOutput(name), array]));
      await program.run(onlyInputs(program, feeds), fetches);
      return sampleErrors(micro, this.#options.terms, errors);
    });
  }
}

/** A program that computes errors by cell. */
interface ErrorProgram {
  readonly program: Program;
  readonly outputs: TracedObjectives["errors"];
  release(): void;
}

async function errorProgram(setting: Setting, options: CompileOptions): Promise<ErrorProgram> {
  const { errors: outputs } = traceObjectives(setting);
  const program = await Program.compile(errorOutputs({ errors: outputs }), options);
  return { program, outputs, release: () => program.release() };
}

/** Adds a draw's errors to those of the same samples. */
function addErrors(sums: SampleError[], errors: readonly SampleError[]): void {
  for (const [row, error] of errors.entries()) {
    const known = sums[row];
    sums[row] =
      known === undefined ? error : { ...known, terms: known.terms.map((mean, term) => mean.plus(error.terms[term]!)) };
  }
}
