import type { Batch } from "../batch/batch.ts";
import type { MicroShape } from "../batch/shape.ts";
import type { DeviceArray } from "../graph/device-array.ts";
import { keepsArrays } from "../graph/runtime/device.ts";
import type { ProgramArray } from "../graph/runtime/value.ts";
import { InputError } from "../input-error.ts";
import type { Term } from "../loss/reduction.ts";
import type { SampleError } from "../metric/group.ts";
import type { Parameter } from "../nn/parameter.ts";
import { type MicroBatch, microBatchOf } from "../objective/micro-batch.ts";
import type { TargetOptions } from "../objective/target.ts";
import type { AdamW } from "../optimizer/adamw.ts";
import type { DevicePacked } from "../optimizer/device-packed.ts";
import { Packed } from "../optimizer/packed.ts";
import type { PackedGroups, PackedIn } from "../optimizer/packed-in.ts";
import type { RateChoice } from "../optimizer/rate.ts";
import { restoredState, type StateIn, type TrainingState } from "../optimizer/state.ts";
import { Updater } from "../optimizer/update.ts";
import { RankedSum } from "../ranks/ranked-sum.ts";
import type { World } from "../ranks/world.ts";
import { GlobalGradient, type GradientProgramOptions, GradientPrograms, type HostGradient } from "./global-gradient.ts";
import { textOverRanks } from "./over-ranks.ts";
import type { RunState } from "./run-state.ts";
import { type Lend, wholeState } from "./shared-state.ts";
import { inHost, type StatePlace } from "./state-place.ts";
import { checkUpdate } from "./update-check.ts";

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
  /** Steps done. */
  readonly step: number;
  readonly loss: number;
  /** Error of each sample of the global batch, in order. */
  readonly errors: readonly SampleError[];
  /** Global norm of the gradient before clipping. */
  readonly gradientNorm: number;
}

/** Steps of training from a state on: the gradient of a global batch, and one update. Equal on all ranks, whatever their number. */
export interface Trainer {
  readonly trained: readonly Parameter[];
  /** How many gradient programs were compiled. */
  readonly programs: number;
  /**
   * One step on this rank's share of a global batch.
   *
   * @throws InputError naming the step and its samples if loss or gradient are not finite
   */
  step(share: StepShare, learningRate: number): Promise<StepResult>;
  /** The state after the steps up to now, in the host's memory. The next step may use it up. */
  state(): RunState;
  /** Lends memory for values of the parameters that train, between two steps: where it can be, that of a gradient. */
  readonly lend: Lend;
  release(): void;
}

/** A trainer of a state, which it takes over: it lies where the programs read it. */
export async function trainerFrom(state: RunState, options: TrainerOptions): Promise<Trainer> {
  const { world, terms, machine } = options;
  const onDevice = keepsArrays(machine.device);
  // On a device what does not train lies there once, for all programs.
  const programs = GradientPrograms.of(onDevice ? { ...options, frozen: new Map() } : options);
  if (options.firstShape !== undefined) await programs.with(options.firstShape, async () => {});
  const { device, threads } = machine;
  // The first update is compared as a whole.
  const updater = await Updater.compile(programs.trained, options.optimizer, { device, threads, check: "never" });
  const shared = { options, programs, updater };
  if (!onDevice) {
    const sum = new RankedSum(world, () => Packed.zeros(programs.trained));
    const gradient: HostGradient = new GlobalGradient(programs, { terms, world, sum });
    const lend: Lend = (use) => sum.lend(use);
    return new TrainerIn({ ...shared, gradient, place: inHost, lend, release: () => {} }, state);
  }
  const [{ OnDevice }, { deviceSum }] = [await import("./on-device.ts"), await import("./device-sum.ts")];
  const sum = deviceSum(world, programs.trained, { device, threads });
  const gradient = new GlobalGradient<DeviceArray<string, "float32">, DevicePacked>(programs, { terms, world, sum });
  const lend: Lend = (use) => use(Packed.zeros(programs.trained));
  return new TrainerIn({ ...shared, gradient, place: new OnDevice(), lend, release: () => sum.release() }, state);
}

/** What a trainer works with, where arrays `V`, packed arrays `P`, moments `M` and averages `A` lie. */
interface Works<
  V extends ProgramArray,
  P extends PackedIn<V, P>,
  M extends PackedGroups<V, M>,
  A extends PackedGroups<V, A>,
> {
  readonly options: TrainerOptions;
  readonly programs: GradientPrograms;
  readonly updater: Updater;
  readonly gradient: GlobalGradient<V, P>;
  readonly place: StatePlace<V, P, M, A>;
  readonly lend: Lend;
  release(): void;
}

class TrainerIn<
  V extends ProgramArray,
  P extends PackedIn<V, P>,
  M extends PackedGroups<V, M>,
  A extends PackedGroups<V, A>,
> implements Trainer
{
  readonly #works: Works<V, P, M, A>;
  #state: StateIn<V, P, M, A>;
  /** Whether the first update was compared with the CPU's. */
  #isChecked: boolean;

  constructor(works: Works<V, P, M, A>, state: RunState) {
    this.#works = works;
    this.#state = works.place.taken(state);
    this.#isChecked = works.options.machine.device === "cpu";
  }

  get trained(): readonly Parameter[] {
    return this.#works.programs.trained;
  }

  get lend(): Lend {
    return this.#works.lend;
  }

  get programs(): number {
    return this.#works.programs.compiled;
  }

  async step(share: StepShare, learningRate: number): Promise<StepResult> {
    const { options, updater, place, gradient: gradients } = this.#works;
    const micros = share.batches.map((batch) => microBatchOf(batch, options.target, "as drawn"));
    const unchecked = this.#isChecked ? null : restoredState(wholeState(this.state()));
    const { places, microBatches } = share;
    const before = this.#state;
    const { loss, errors, gradient } = await gradients.of(before.parameters, { micros, places, microBatches });
    if (!Number.isFinite(loss)) throw await this.#notFinite(`loss, got ${loss}`, micros);
    const { state, norm } = await updater.step<V, P, M, A>(before, gradient, learningRate);
    if (!Number.isFinite(norm)) throw await this.#notFinite(`gradient, got one of norm ${norm}`, micros);
    await place.complete(options.world, state);
    this.#state = state;
    if (unchecked !== null) await this.#checkUpdate(unchecked, gradient, learningRate);
    this.#isChecked = true;
    return { step: state.step, loss, errors, gradientNorm: norm };
  }

  state(): RunState {
    return this.#works.place.home(this.#state);
  }

  release(): void {
    const { programs, updater, place, release } = this.#works;
    programs.release();
    updater.release();
    place.release(this.#state);
    release();
  }

  /** What the first update made of the state, on the CPU as well. */
  async #checkUpdate(before: TrainingState, gradient: P, learningRate: number): Promise<void> {
    const { place, options } = this.#works;
    const { machine, optimizer } = options;
    const { trained } = this;
    const own = { ...machine, trained, optimizer, learningRate };
    await checkUpdate({ ...own, before, gradient: place.copied(gradient), after: wholeState(this.state()) });
  }

  async #notFinite(problem: string, micros: readonly MicroBatch[]): Promise<InputError> {
    const { world, target } = this.#works.options;
    const samples = await textOverRanks(world, "samples", samplesOf(micros, target.datasets));
    const remedy =
      "checkpoints before it are whole; lower optimizer.peak, and begin anew or from one of them with --init";
    const step = this.#state.step + 1;
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
