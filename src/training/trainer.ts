import type { Batch } from "../batch/batch.ts";
import { type DataType, type HostArray, zeros } from "../graph/host-array.ts";
import { type CompileOptions, Program } from "../graph/program.ts";
import { InputError } from "../input-error.ts";
import type { Term } from "../loss/reduction.ts";
import type { SampleError } from "../metric/group.ts";
import type { Parameter, ParameterValues } from "../nn/parameter.ts";
import {
  cellWeightsOf,
  type ErrorsByName,
  lossOf,
  type MicroBatch,
  microBatchOf,
  sampleErrors,
  weightFeeds,
  wholeCounts,
} from "../objective/micro-batch.ts";
import { gradientOutputs, gradientPrefix, type TracedObjectives, traceObjectives } from "../objective/objective.ts";
import { onlyInputs } from "../objective/only-inputs.ts";
import type { TargetOptions } from "../objective/target.ts";
import { errorsOutput, type Setting } from "../objective/traced.ts";
import type { AdamW } from "../optimizer/adamw.ts";
import { Packed } from "../optimizer/packed.ts";
import type { TrainingState } from "../optimizer/state.ts";
import { Updater } from "../optimizer/update.ts";
import { RankedSum } from "../ranks/ranked-sum.ts";
import type { World } from "../ranks/world.ts";
import {
  countsOverRanks,
  errorsOverRanks,
  lossOverRanks,
  type PlacedError,
  textOverRanks,
  withPlaces,
} from "./over-ranks.ts";

/** How a trainer is compiled and how it counts. */
export interface TrainerOptions {
  readonly setting: Setting;
  readonly optimizer: AdamW;
  readonly terms: readonly Term[];
  readonly target: TargetOptions;
  /** Which parameters train, of those that the objective reads. */
  readonly trains: (name: string) => boolean;
  readonly machine: Omit<CompileOptions, "fixed">;
  readonly world: World;
}

/** The micro-batches of a step that this rank computes. */
export interface StepShare {
  readonly batches: readonly Batch[];
  /** Micro-batches of the step over all ranks. */
  readonly microBatches: number;
}

/** The result of one optimizer step. */
export interface StepResult {
  readonly state: TrainingState;
  readonly loss: number;
  /** Error of each sample of the global batch, in order. */
  readonly errors: readonly SampleError[];
  /** Global norm of the gradient before clipping. */
  readonly gradientNorm: number;
}

type Storage = HostArray<string, DataType>;

/**
 * Steps of training: the gradient of each micro-batch, summed in a fixed tree, and one update.
 *
 * Counts of supervised cells are summed over the whole global batch before any forward pass, so that micro-batches and ranks
 * add up to the loss of one big batch. The result of a step is equal on all ranks and does not depend on their number.
 */
export class Trainer {
  readonly objectives: TracedObjectives;
  readonly trained: readonly Parameter[];
  readonly #options: TrainerOptions;
  readonly #gradient: Program;
  readonly #updater: Updater;
  readonly #sum: RankedSum<Packed>;

  private constructor(
    objectives: TracedObjectives,
    trained: readonly Parameter[],
    programs: Programs,
    options: TrainerOptions,
  ) {
    this.objectives = objectives;
    this.trained = trained;
    this.#options = options;
    this.#gradient = programs.gradient;
    this.#updater = programs.updater;
    this.#sum = new RankedSum(options.world, () => Packed.zeros(trained));
  }

  static async compile(options: TrainerOptions): Promise<Trainer> {
    const objectives = traceObjectives(options.setting);
    const trained = objectives.parameters.filter(({ name }) => options.trains(name));
    const outputs = gradientOutputs(objectives, trained);
    const gradient = await Program.compile(outputs, { ...options.machine, fixed: new Map() });
    const updater = await Updater.compile(trained, options.optimizer, options.machine);
    return new Trainer(objectives, trained, { gradient, updater }, options);
  }

  /**
   * One step on this rank's share of a global batch. The state given is used up.
   *
   * @throws InputError naming the step and its samples if loss or gradient are not finite
   */
  async step(state: TrainingState, share: StepShare, learningRate: number): Promise<StepResult> {
    const micros = share.batches.map((batch) => microBatchOf(batch, this.#options.target, "as drawn"));
    const { loss, errors } = await this.#gradients(state.parameters, micros, share.microBatches);
    if (!Number.isFinite(loss)) throw await this.#notFinite(state.step + 1, `loss, got ${loss}`, micros);
    const updated = await this.#updater.step(state, await this.#sum.total(), learningRate);
    if (!Number.isFinite(updated.norm))
      throw await this.#notFinite(state.step + 1, `gradient, got one of norm ${updated.norm}`, micros);
    return { state: updated.state, loss, errors, gradientNorm: updated.norm };
  }

  release(): void {
    this.#gradient.release();
    this.#updater.release();
  }

  async #gradients(
    parameters: ParameterValues,
    micros: readonly MicroBatch[],
    microBatches: number,
  ): Promise<Pick<StepResult, "loss" | "errors">> {
    const { terms, setting, world } = this.#options;
    const { rows } = setting.layout;
    const whole = await countsOverRanks(world, wholeCounts(micros, terms));
    const { start } = this.#sum.begin(microBatches);
    const sums: ErrorsByName = new Map(
      this.objectives.errors.map(({ name, sums: { axes, shape } }) => [name, zeros(axes, shape, "float32")]),
    );
    const losses: { index: number; loss: number }[] = [];
    const errors: PlacedError[] = [];
    for (const [at, micro] of micros.entries()) {
      const storage = this.#sum.storage();
      const weights = cellWeightsOf(micro, terms, whole, setting.rules);
      const feeds = new Map<string, Storage>([...micro.feeds, ...weightFeeds(weights), ...parameters]);
      await this.#gradient.run(onlyInputs(this.#gradient, feeds), gradientFetches(storage, sums));
      this.#sum.add(storage);
      losses.push({ index: start + at, loss: lossOf(weights, sums) });
      errors.push(...withPlaces(sampleErrors(micro, terms, sums), (start + at) * rows));
    }
    return {
      loss: await lossOverRanks(world, losses),
      errors: await errorsOverRanks(world, "errors", terms.length, errors),
    };
  }

  async #notFinite(step: number, problem: string, micros: readonly MicroBatch[]): Promise<InputError> {
    const { world, target } = this.#options;
    const samples = await textOverRanks(world, "samples", samplesOf(micros, target.datasets));
    const remedy =
      "checkpoints before it are whole; lower optimizer.peak, and begin anew or from one of them with --init";
    return new InputError(`train: step ${step}: expected a finite ${problem} on ${samples}; ${remedy}`);
  }
}

interface Programs {
  readonly gradient: Program;
  readonly updater: Updater;
}

/** "pusht 12:40, …": dataset, episode and frame of every sample of a step. */
function samplesOf(micros: readonly MicroBatch[], datasets: readonly string[]): string {
  return micros
    .flatMap(({ provenance: { dataset, episode, frame }, samples }) =>
      Array.from({ length: samples }, (_, row) => `${datasets[dataset[row]!]} ${episode[row]}:${frame[row]}`),
    )
    .join(", ");
}

function gradientFetches(storage: ParameterValues, errors: ErrorsByName): Map<string, Storage> {
  const gradients = [...storage].map(([name, array]): [string, Storage] => [`${gradientPrefix}${name}`, array]);
  return new Map([...gradients, ...[...errors].map(([name, array]) => [errorsOutput(name), array] as const)]);
}
