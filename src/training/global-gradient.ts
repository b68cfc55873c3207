import { type Arrays, type DataType, type HostArray, zeros } from "../graph/host-array.ts";
import { type CompileOptions, Program } from "../graph/program.ts";
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
  type Recompute,
  type TracedObjectives,
  traceObjectives,
} from "../objective/objective.ts";
import { onlyInputs } from "../objective/only-inputs.ts";
import { errorsOutput, type Setting } from "../objective/traced.ts";
import { Packed } from "../optimizer/packed.ts";
import { RankedSum } from "../ranks/ranked-sum.ts";
import type { World } from "../ranks/world.ts";
import type { Rules } from "../validity/rules.ts";
import { countsOverRanks, errorsOverRanks, lossOverRanks, type PlacedError, withPlaces } from "./over-ranks.ts";

type Storage = HostArray<string, DataType>;

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
}

/** The program that computes errors and gradients of one micro-batch. */
export class GradientProgram {
  readonly setting: Setting;
  readonly objectives: TracedObjectives;
  readonly trained: readonly Parameter[];
  readonly program: Program;

  private constructor(setting: Setting, objectives: TracedObjectives, trained: readonly Parameter[], program: Program) {
    this.setting = setting;
    this.objectives = objectives;
    this.trained = trained;
    this.program = program;
  }

  static async compile({ setting, trains, recompute, machine }: GradientProgramOptions): Promise<GradientProgram> {
    const objectives = traceObjectives(setting);
    const trained = objectives.parameters.filter(({ name }) => trains(name));
    const program = await Program.compile(gradientOutputs(objectives, trained, recompute), {
      ...machine,
      fixed: new Map(),
    });
    return new GradientProgram(setting, objectives, trained, program);
  }

  release(): void {
    this.program.release();
  }
}

/** Loss and gradient of a global batch, the same on all ranks. */
export interface GlobalGradientResult {
  readonly loss: number;
  /** Error of each sample of the global batch, in order. */
  readonly errors: readonly SampleError[];
  /** By parameter. It may be overwritten from the next global batch on. */
  readonly gradient: Packed;
  /** What each cell of this rank's micro-batches weighed. */
  readonly weights: readonly WeightsByErrors[];
}

/**
 * Gradients of global batches: that of each micro-batch, summed in a fixed tree over micro-batches and ranks.
 *
 * The result is equal on all ranks and does not depend on their number.
 */
export class GlobalGradient {
  readonly #compiled: GradientProgram;
  readonly #terms: readonly Term[];
  readonly #world: World;
  readonly #sum: RankedSum<Packed>;

  constructor(compiled: GradientProgram, terms: readonly Term[], world: World) {
    this.#compiled = compiled;
    this.#terms = terms;
    this.#world = world;
    this.#sum = new RankedSum(world, () => Packed.zeros(compiled.trained));
  }

  /**
   * @param micros       this rank's share
   * @param microBatches of the global batch, over all ranks
   */
  async of(
    parameters: ParameterValues,
    micros: readonly MicroBatch[],
    microBatches: number,
  ): Promise<GlobalGradientResult> {
    const { objectives, setting, program } = this.#compiled;
    const terms = this.#terms;
    const own = await weighed(this.#world, micros, { terms, rules: setting.rules });
    const { start } = this.#sum.begin(microBatches);
    const sums: ErrorsByName = new Map(
      objectives.errors.map(({ name, sums: { axes, shape } }) => [name, zeros(axes, shape, "float32")]),
    );
    const losses: { index: number; loss: number }[] = [];
    const errors: PlacedError[] = [];
    for (const [at, { micro, weights, feeds }] of own.entries()) {
      const storage = this.#sum.storage();
      await program.run(onlyInputs(program, new Map([...feeds, ...parameters])), fetches(storage, sums));
      this.#sum.add(storage);
      losses.push({ index: start + at, loss: lossOf(weights, sums) });
      errors.push(...withPlaces(sampleErrors(micro, terms, sums), (start + at) * setting.layout.rows));
    }
    return {
      loss: await lossOverRanks(this.#world, losses),
      errors: await errorsOverRanks(this.#world, "errors", terms.length, errors),
      gradient: await this.#sum.total(),
      weights: own.map(({ weights }) => weights),
    };
  }
}

function fetches(storage: ParameterValues, errors: ErrorsByName): Map<string, Storage> {
  const gradients = [...storage].map(([name, array]): [string, Storage] => [`${gradientPrefix}${name}`, array]);
  return new Map([...gradients, ...[...errors].map(([name, array]) => [errorsOutput(name), array] as const)]);
}
