import type { Batch } from "../batch/batch.ts";
import type { MicroShape } from "../batch/shape.ts";
import { InputError } from "../input-error.ts";
import type { Term } from "../loss/reduction.ts";
import type { SampleError } from "../metric/group.ts";
import type { Parameter } from "../nn/parameter.ts";
import { type MicroBatch, microBatchOf } from "../objective/micro-batch.ts";
import type { TargetOptions } from "../objective/target.ts";
import type { AdamW } from "../optimizer/adamw.ts";
import type { RateChoice } from "../optimizer/rate.ts";
import type { TrainingState } from "../optimizer/state.ts";
import { Updater } from "../optimizer/update.ts";
import type { World } from "../ranks/world.ts";
import { checkDevice, isReference } from "./device-check.ts";
import { GlobalGradient, type GradientProgramOptions, GradientPrograms, weighed } from "./global-gradient.ts";
import { textOverRanks } from "./over-ranks.ts";

/** How a trainer is compiled and how it counts. */
export interface TrainerOptions extends GradientProgramOptions {
  readonly optimizer: AdamW & RateChoice;
  readonly terms: readonly Term[];
  readonly target: TargetOptions;
  readonly world: World;
  /** Shape of the micro-batches whose program is compiled before the first step; missing: each when it is needed. */
  readonly firstShape?: MicroShape;
}

/** The micro-batches of a step that this rank computes. */
export interface StepShare {
  readonly batches: readonly Batch[];
  /** Where each of their samples stands in the step. */
  readonly places: readonly (readonly number[])[];
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

/** Steps of training: the gradient of a global batch, and one update. Equal on all ranks, whatever their number. */
export class Trainer {
  readonly #options: TrainerOptions;
  readonly #programs: GradientPrograms;
  readonly #gradient: GlobalGradient;
  readonly #updater: Updater;
  #isDeviceChecked: boolean;

  private constructor(options: TrainerOptions, programs: GradientPrograms, updater: Updater) {
    this.#options = options;
    this.#programs = programs;
    this.#gradient = new GlobalGradient(programs, options.terms, options.world);
    this.#updater = updater;
    this.#isDeviceChecked = isReference(options.machine);
  }

  static async compile(options: TrainerOptions): Promise<Trainer> {
    const programs = GradientPrograms.of(options);
    if (options.firstShape !== undefined) await programs.with(options.firstShape, async () => {});
    const { device, threads } = options.machine;
    const updater = await Updater.compile(programs.trained, options.optimizer, { device, threads });
    return new Trainer(options, programs, updater);
  }

  get trained(): readonly Parameter[] {
    return this.#programs.trained;
  }

  /** How many gradient programs were compiled. */
  get programs(): number {
    return this.#programs.compiled;
  }

  /**
   * One step on this rank's share of a global batch. The state given is used up.
   *
   * @throws InputError naming the step and its samples if loss or gradient are not finite
   */
  async step(state: TrainingState, share: StepShare, learningRate: number): Promise<StepResult> {
    const micros = share.batches.map((batch) => microBatchOf(batch, this.#options.target, "as drawn"));
    if (!this.#isDeviceChecked) await this.#checkDevice(state, micros);
    const { places, microBatches } = share;
    const { loss, errors, gradient } = await this.#gradient.of(state.parameters, { micros, places, microBatches });
    if (!Number.isFinite(loss)) throw await this.#notFinite(state.step + 1, `loss, got ${loss}`, micros);
    const updated = await this.#updater.step(state, gradient, learningRate);
    if (!Number.isFinite(updated.norm))
      throw await this.#notFinite(state.step + 1, `gradient, got one of norm ${updated.norm}`, micros);
    return { state: updated.state, loss, errors, gradientNorm: updated.norm };
  }

  release(): void {
    this.#programs.release();
    this.#updater.release();
  }

  /** The first micro-batch of a run, on the CPU as well: all ranks meet in it. */
  async #checkDevice({ parameters }: TrainingState, micros: readonly MicroBatch[]): Promise<void> {
    const { world, terms, setting } = this.#options;
    const [first] = await weighed(world, micros, { terms, rules: setting.rules });
    if (first !== undefined)
      await this.#programs.with(first.micro.shape, (program) =>
        checkDevice(program, { ...this.#options, setting: program.setting }, new Map([...first.feeds, ...parameters])),
      );
    this.#isDeviceChecked = true;
  }

  async #notFinite(step: number, problem: string, micros: readonly MicroBatch[]): Promise<InputError> {
    const { world, target } = this.#options;
    const samples = await textOverRanks(world, "samples", samplesOf(micros, target.datasets));
    const remedy =
      "checkpoints before it are whole; lower optimizer.peak, and begin anew or from one of them with --init";
    return new InputError(`train: step ${step}: expected a finite ${problem} on ${samples}; ${remedy}`);
  }
}

/** "pusht 12:40, …": dataset, episode and frame of every sample of a step. */
function samplesOf(micros: readonly MicroBatch[], datasets: readonly string[]): string {
  return micros
    .flatMap(({ provenance: { dataset, episode, frame }, samples }) =>
      Array.from({ length: samples }, (_, row) => `${datasets[dataset[row]!]} ${episode[row]}:${frame[row]}`),
    )
    .join(", ");
}
