import { layoutIn, type MicroShape } from "../batch/shape.ts";
import { type Arrays, HostArray, zeros } from "../graph/host-array.ts";
import { type CompileOptions, Program } from "../graph/program.ts";
import type { ProgramArrays } from "../graph/runtime/session.ts";
import type { ProgramArray } from "../graph/runtime/value.ts";
import type { Term, WeightsByErrors } from "../loss/reduction.ts";
import type { SampleError } from "../metric/group.ts";
import type { Parameter, ParameterValues } from "../nn/parameter.ts";
import {
  cellWeightsOf,
  type ErrorsByName,
  lossOf,
  type MicroBatch,
  sampleErrors,
  weightFeeds,
  wholeCounts,
} from "../objective/micro-batch.ts";
import {
  gradientOutputs,
  gradientPrefix,
  parametersWithoutGradient,
  type Recompute,
  type TracedObjectives,
  traceObjectives,
} from "../objective/objective.ts";
import { onlyInputs } from "../objective/only-inputs.ts";
import { errorsOutput, type Setting } from "../objective/traced.ts";
import { Packed } from "../optimizer/packed.ts";
import type { PackedIn } from "../optimizer/packed-in.ts";
import type { Span } from "../ranks/deal.ts";
import { RankedSum } from "../ranks/ranked-sum.ts";
import type { World } from "../ranks/world.ts";
import type { Rules } from "../validity/rules.ts";
import { countsOverRanks, errorsOverRanks, lossOverRanks, type PlacedError, withPlaces } from "./over-ranks.ts";
import { mostPrograms, ProgramCache } from "./program-cache.ts";

/** A micro-batch, and what each of its cells weighs in the loss of its global batch. */
export interface WeighedMicroBatch {
  readonly micro: MicroBatch;
  readonly weights: WeightsByErrors;
  /** All that the gradient program takes but the parameters. */
  readonly feeds: Arrays;
}

/**
 * This rank's micro-batches with the weights of their cells: counts of what teaches are added over all micro-batches and ranks of
 * the global batch before any forward pass, so that losses add up to that of one big batch.
 */
export async function weighed(
  world: World,
  micros: readonly MicroBatch[],
  { terms, rules }: { readonly terms: readonly Term[]; readonly rules: Rules },
): Promise<WeighedMicroBatch[]> {
  const whole = await countsOverRanks(world, wholeCounts(micros, terms));
  return micros.map((micro) => {
    const weights = cellWeightsOf(micro, terms, whole, rules);
    return { micro, weights, feeds: new Map([...micro.feeds, ...weightFeeds(weights)]) };
  });
}

/** How a gradient program is compiled. */
export interface GradientProgramOptions {
  readonly setting: Setting;
  /** Which parameters train, of those that the objectives read. */
  readonly trains: (name: string) => boolean;
  readonly recompute: Recompute;
  readonly machine: Omit<CompileOptions, "fixed">;
  /**
   * Values of parameters that do not train: they stand in the program where no gradient goes back through what reads them, and are not
   * to change while it lives. Others are fed.
   */
  readonly frozen: ParameterValues;
  /** How objectives are traced, where they are not those of a batch's observation. */
  readonly trace?: (setting: Setting) => TracedObjectives;
}

/** The program that computes errors and gradients of one micro-batch. */
export class GradientProgram {
  readonly setting: Setting;
  readonly objectives: TracedObjectives;
  readonly trained: readonly Parameter[];
  readonly program: Program;
  /** The parameters that stand in the program. */
  readonly #standing: ParameterValues;

  private constructor(setting: Setting, traced: Traced, program: Program, standing: ParameterValues) {
    this.setting = setting;
    this.objectives = traced.objectives;
    this.trained = traced.trained;
    this.program = program;
    this.#standing = standing;
  }

  static async compile({
    setting,
    trains,
    recompute,
    machine,
    frozen,
    trace = traceObjectives,
  }: GradientProgramOptions): Promise<GradientProgram> {
    const objectives = trace({ ...setting, trains });
    const trained = objectives.parameters.filter(({ name }) => trains(name));
    const still = parametersWithoutGradient(objectives, trained);
    const standing = new Map([...frozen].filter(([name]) => still.has(name)));
    const program = await Program.compile(gradientOutputs(objectives, trained, recompute), {
      ...machine,
      fixed: new Map(),
      standing,
    });
    return new GradientProgram(setting, { objectives, trained }, program, standing);
  }

  /**
   * Errors and gradients of one micro-batch, into the arrays given.
   *
   * @throws RangeError where a parameter that stands in the program is given with other values
   */
  async run(feeds: Arrays, parameters: ProgramArrays, fetches: ProgramArrays): Promise<void> {
    for (const [name, { cells }] of this.#standing)
      if (!isOf(parameters.get(name), cells))
        throw new RangeError(
          `gradient: expected "${name}" as it stands in the program, got other values; compile anew`,
        );
    await this.program.run(onlyInputs(this.program, new Map<string, ProgramArray>([...feeds, ...parameters])), fetches);
  }

  release(): void {
    this.program.release();
  }
}

function isOf(array: ProgramArray | undefined, cells: Float32Array): boolean {
  return array instanceof HostArray && array.cells === cells;
}

type Traced = Pick<GradientProgram, "objectives" | "trained">;

/**
 * The gradient programs of a policy, one for each shape of micro-batches. Each knows the parameters that its shape reads: a policy without
 * pictures has no image tower.
 */
export class GradientPrograms {
  readonly options: GradientProgramOptions;
  /** The parameters that train, whatever the shape. */
  readonly trained: readonly Parameter[];
  readonly #programs: ProgramCache<GradientProgram>;

  private constructor(options: GradientProgramOptions, most: number) {
    const { setting, trains, trace = traceObjectives } = options;
    this.options = options;
    this.trained = trace({ ...setting, trains }).parameters.filter(({ name }) => trains(name));
    const compile = (shape: MicroShape) => {
      // In bf16 later programs begin amid training, where a run is not to end for how far rounding goes: that was not measured.
      const isBelieved = options.machine.precision === "bf16" && this.compiled > 0;
      const machine = isBelieved ? ({ ...options.machine, check: "never" } as const) : options.machine;
      const own = { ...setting, layout: layoutIn(setting.layout, shape) };
      return GradientProgram.compile({ ...options, setting: own, machine });
    };
    this.#programs = new ProgramCache(compile, most);
  }

  /**
   * @param options whose layout has room for every micro-batch
   * @param most programs that are kept
   */
  static of(options: GradientProgramOptions, most: number = mostPrograms): GradientPrograms {
    return new GradientPrograms(options, most);
  }

  /** How many were compiled. */
  get compiled(): number {
    return this.#programs.compiled;
  }

  async with<T>(shape: MicroShape, compute: (program: GradientProgram) => Promise<T>): Promise<T> {
    return await this.#programs.with(shape, compute);
  }

  release(): void {
    this.#programs.release();
  }
}

/** A rank's micro-batches of a global batch. */
export interface GradientShare {
  readonly micros: readonly MicroBatch[];
  /** Where each of their samples stands in the global batch. */
  readonly places: readonly (readonly number[])[];
  /** Micro-batches of the global batch, over all ranks. */
  readonly microBatches: number;
}

/** Loss and gradient of a global batch, the same on all ranks. */
export interface GlobalGradientResult<P = Packed> {
  readonly loss: number;
  /** Error of each sample of the global batch, in order. */
  readonly errors: readonly SampleError[];
  /** By parameter. It may be overwritten from the next global batch on. */
  readonly gradient: P;
  /** What each cell of this rank's micro-batches weighed. */
  readonly weights: readonly WeightsByErrors[];
}

/** Adds up the gradients of a step's micro-batches over all ranks, in the order of a fixed tree. */
export interface GradientSum<P> {
  /** Begins a step of so many micro-batches on all ranks; returns those that this rank has to add, in order. */
  begin(microBatches: number): Span;
  /** Storage for the next micro-batch's gradient, to be filled and given to `add`. */
  storage(): P;
  add(gradient: P): void | Promise<void>;
  /** The whole sum, the same on all ranks. It may be overwritten from the next `storage` on. */
  total(): Promise<P>;
}

/** How gradients become that of a global batch. */
interface GradientSumming<P> {
  readonly terms: readonly Term[];
  readonly world: World;
  readonly sum: GradientSum<P>;
}

/**
 * Gradients of global batches: that of each micro-batch, summed in a fixed tree over micro-batches and ranks.
 *
 * The result is equal on all ranks and does not depend on their number.
 *
 * @typeParam V an array where gradients lie
 * @typeParam P packed arrays there
 */
export class GlobalGradient<V extends ProgramArray, P extends PackedIn<V, P>> {
  readonly #programs: GradientPrograms;
  readonly #terms: readonly Term[];
  readonly #world: World;
  readonly #sum: GradientSum<P>;

  constructor(programs: GradientPrograms, { terms, world, sum }: GradientSumming<P>) {
    this.#programs = programs;
    this.#terms = terms;
    this.#world = world;
    this.#sum = sum;
  }

  /** Gradients in the host's memory. */
  static inHost(programs: GradientPrograms, terms: readonly Term[], world: World): HostGradient {
    const sum = new RankedSum(world, () => Packed.zeros(programs.trained));
    return new GlobalGradient(programs, { terms, world, sum });
  }

  /** @param parameters of the whole policy, in the host's memory or where gradients lie */
  async of(
    parameters: ProgramArrays,
    { micros, places, microBatches }: GradientShare,
  ): Promise<GlobalGradientResult<P>> {
    const terms = this.#terms;
    const { rules } = this.#programs.options.setting;
    const own = await weighed(this.#world, micros, { terms, rules });
    const { start } = this.#sum.begin(microBatches);
    const losses: { index: number; loss: number }[] = [];
    const errors: PlacedError[] = [];
    for (const [at, { micro, weights, feeds }] of own.entries()) {
      const storage = this.#sum.storage();
      const sums = await this.#programs.with(micro.shape, (program) =>
        computed<V, P>(program, { feeds, parameters, storage }),
      );
      await this.#sum.add(storage);
      losses.push({ index: start + at, loss: lossOf(weights, sums) });
      errors.push(...withPlaces(sampleErrors(micro, terms, sums), places[at]!));
    }
    return {
      loss: await lossOverRanks(this.#world, losses),
      errors: await errorsOverRanks(this.#world, "errors", terms.length, errors),
      gradient: await this.#sum.total(),
      weights: own.map(({ weights }) => weights),
    };
  }
}

/** Gradients of global batches in the host's memory. */
export type HostGradient = GlobalGradient<HostArray<string, "float32">, Packed>;

/** Errors of one micro-batch; its gradient goes into the storage, with zeros for what its program does not read. */
async function computed<V extends ProgramArray, P extends PackedIn<V, P>>(
  program: GradientProgram,
  { feeds, parameters, storage }: { readonly feeds: Arrays; readonly parameters: ProgramArrays; readonly storage: P },
): Promise<ErrorsByName> {
  const sums: ErrorsByName = new Map(
    program.objectives.errors.map(({ name, sums: { axes, shape } }) => [name, zeros(axes, shape, "float32")]),
  );
  const read = new Set(program.trained.map(({ name }) => name));
  for (const name of storage.keys()) if (!read.has(name)) storage.clear(name);
  const own = new Map([...storage].filter(([name]) => read.has(name)));
  await program.run(feeds, parameters, fetches(own, sums));
  return sums;
}

function fetches(storage: ProgramArrays, errors: ErrorsByName): Map<string, ProgramArray> {
  const gradients = [...storage].map(([name, array]): [string, ProgramArray] => [`${gradientPrefix}${name}`, array]);
  return new Map([...gradients, ...[...errors].map(([name, array]) => [errorsOutput(name), array] as const)]);
}
