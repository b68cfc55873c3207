import type { Batch } from "../batch/batch.ts";
import { Loader } from "../batch/loader.ts";
import { dealtByShape, layoutIn, type MicroShape, type PlacedRequest, type Shaping } from "../batch/shape.ts";
import type { Manifest } from "../checkpoint/manifest.ts";
import { pruneCheckpoints, writeCheckpointInTurn } from "../checkpoint/store.ts";
import { requireDevice } from "../graph/runtime/device.ts";
import { MappedFile } from "../graph/runtime/mapped-file.ts";
import { requirePrecision } from "../graph/runtime/precision.ts";
import type { Term } from "../loss/reduction.ts";
import type { ActionError } from "../metric/action-error.ts";
import { type GroupNames, refuseNotFinite, type WeightsValidation } from "../metric/group.ts";
import { type OpenMixture, openMixtureAsSplit } from "../mixture/mixture.ts";
import type { StoredSplits } from "../mixture/split.ts";
import { validationDraws } from "../mixture/validation.ts";
import type { ParameterForm } from "../nn/parameter.ts";
import { traceObjectives } from "../objective/objective.ts";
import { ActionSampler, placementFor } from "../objective/sample.ts";
import { turnsOf } from "../ranks/deal.ts";
import type { World } from "../ranks/world.ts";
import { answersOf } from "../recipe/answer.ts";
import { type DataSummary, dataSummaries } from "../recipe/data-summary.ts";
import { mixtureOf } from "../recipe/mixture-of.ts";
import {
  groupNamesOf,
  layoutOf,
  loadPlanOf,
  type Plan,
  planOf,
  planUnder,
  settingOf,
  targetOf,
  termsOf,
} from "../recipe/plan.ts";
import type { Recipe } from "../recipe/schema.ts";
import { storedSplits } from "../recipe/stored-split.ts";
import { measureActionErrors, sumActionErrors } from "./action-errors.ts";
import { checkpointFacts } from "./checkpoint-facts.ts";
import { type Computing, compileTrainer, compileValidator, machineOf } from "./compile-run.ts";
import { ProgramCache } from "./program-cache.ts";
import type { TrainingProgress } from "./progress.ts";
import type { RunState } from "./run-state.ts";
import { shapingOf } from "./shape-plan.ts";
import { agreeOnWeights, type Lend, withWholeAverages, writeAtRank0 } from "./shared-state.ts";
import { requestsOfStep, stepShares } from "./step-shares.ts";
import type { StepShare, Trainer } from "./trainer.ts";
import { drawsOf, type Validator } from "./validator.ts";
import { type ActingState, actingWeights } from "./weights.ts";

/** Everything that a run computes with: its plan, the loader's threads, the compiled programs. */
export class Run {
  readonly plan: Plan;
  /** What it reads of each dataset. */
  readonly data: readonly DataSummary[];
  readonly world: World;
  /** `null`: every row has the recipe's one shape. */
  readonly #shaping: Shaping | null;
  readonly #loader: Loader;
  /** How long `tryLoader` took. */
  #triedMs = 0;
  #trainer: Promise<Trainer> | null = null;
  #validator: Promise<Validator> | null = null;

  private constructor(plan: Plan, data: readonly DataSummary[], world: World) {
    this.plan = plan;
    this.data = data;
    this.world = world;
    this.#shaping = shapingOf(plan);
    const { workers } = plan.recipe.data;
    this.#loader = Loader.open(loadPlanOf(plan), { workers, ahead: runAhead, clock: () => performance.now() });
  }

  /**
   * Checks the datasets of a recipe, and opens what training and validation need.
   *
   * @param cache folder for what has been measured
   * @throws InputError with every problem of the data at once
   */
  static async open(recipe: Recipe, cache: string, world: World): Promise<Run> {
    return await Run.#open(recipe, { world, splits: new Map() }, (open) => planOf(recipe, open, cache));
  }

  /**
   * The same for trained weights: their inputs are normalised as in their training, and the episodes that it held out are held out.
   *
   * @throws InputError also where a dataset belongs to a normalisation group that they were not trained on, or lacks such an episode
   */
  static async openFor(manifest: Manifest, recipe: Recipe, cache: string, world: World): Promise<Run> {
    const splits = storedSplits(manifest, recipe);
    return await Run.#open(recipe, { world, splits }, (open) => planUnder(manifest, recipe, open, cache));
  }

  static async #open(
    recipe: Recipe,
    { world, splits }: { readonly world: World; readonly splits: StoredSplits },
    plan: (open: OpenMixture) => Promise<Plan>,
  ): Promise<Run> {
    requireDevice(recipe.device);
    await requirePrecision(recipe.precision ?? "float32", recipe.device);
    const open = await openMixtureAsSplit(mixtureOf(recipe), splits);
    try {
      const planned = await plan(open);
      return new Run(planned, dataSummaries(planned, open), world);
    } finally {
      await open.close();
    }
  }

  /**
   * Steps of training from a state on, which the trainer takes over: its frozen parameters stand in the program.
   *
   * @throws InputError where the recipe trains nothing
   */
  async trainerFor(state: RunState): Promise<Trainer> {
    this.#trainer ??= compileTrainer(this.#computing, state, this.parameters);
    const trainer = await this.#trainer;
    MappedFile.letGo();
    return trainer;
  }

  /** Of the loss. */
  get terms(): readonly Term[] {
    return termsOf(this.plan);
  }

  get names(): GroupNames {
    return groupNamesOf(this.plan);
  }

  /** The parameters that the policy reads. */
  get parameters(): readonly ParameterForm[] {
    return traceObjectives(settingOf(this.plan, this.plan.recipe.batch.microBatch)).parameters;
  }

  /**
   * Losses of the weights that the recipe validates, on the held-out samples.
   *
   * @param seen told how many of this rank's samples are done, and of how many
   * @throws InputError where a loss is not finite
   */
  async validate(state: ActingState, seen: (samples: number, total: number) => void): Promise<WeightsValidation> {
    const { framesPerMember, weights } = this.plan.recipe.validation;
    const requests = this.#validationShare(framesPerMember);
    const total = sampleCount(requests);
    const batches = this.#loader.batches(requests);
    this.#validator ??= compileValidator(this.#computing);
    const validator = await this.#validator;
    const micros = drawsOf(batches, targetOf(this.plan, "validation"), this.plan.recipe.validation.draws);
    const share = { micros, places: requests.map(({ places }) => places) };
    const found = await validator.run(actingWeights(state, weights), share, (samples) => seen(samples, total));
    refuseNotFinite(`validation at step ${state.step}`, found);
    return { ...found, weights };
  }

  /** How long training and validation have waited for batches. */
  get waitedMs(): number {
    return this.#loader.waitedMs - this.#triedMs;
  }

  /** How many samples of this rank that takes. */
  actionSamples(samplesPerMember: number): number {
    return sampleCount(this.#validationShare(samplesPerMember));
  }

  /**
   * Some held-out samples of each member, evenly spaced, all in the policy's one shape: what is asked of the loader, and what it gives, in the
   * same order.
   */
  heldOut(samplesPerMember: number): {
    readonly requests: readonly PlacedRequest[];
    readonly batches: AsyncIterable<Batch>;
  } {
    const requests = this.#validationShare(samplesPerMember, null);
    return { requests, batches: this.#loader.batches(requests) };
  }

  /**
   * Errors of sampled actions in the robots' own units, on some held-out samples of each member, evenly spaced.
   *
   * @param seen told how many of this rank's samples are done
   */
  async actionErrors(
    state: ActingState,
    samplesPerMember: number,
    seen: (samples: number) => void,
  ): Promise<ActionError[]> {
    const { plan } = this;
    const { validation } = plan.recipe;
    if (samplesPerMember === 0) return [];
    const requests = this.#validationShare(samplesPerMember);
    const weights = actingWeights(state, validation.weights);
    const setting = settingOf(plan, validation.microBatch);
    const compile = (shape: MicroShape) =>
      ActionSampler.compile({
        setting: { ...setting, layout: layoutIn(setting.layout, shape) },
        weights,
        placement: placementFor(weights, "float32"),
        answers: answersOf(plan.recipe),
        machine: machineOf(plan.recipe),
      });
    // Batches of one shape come one after another, and weights may stand in each program.
    const samplers = new ProgramCache(compile, 1);
    try {
      const share = { requests, batches: this.#loader.batches(requests) };
      return await sumActionErrors(plan, this.world, await measureActionErrors(plan, samplers, share, seen));
    } finally {
      samplers.release();
    }
  }

  /** The micro-batches of a step that this rank computes, and how many there are over all ranks. */
  requests(step: number): { readonly requests: readonly PlacedRequest[]; readonly microBatches: number } {
    return requestsOfStep(this.#computing, step);
  }

  /** Those of a validation. */
  get validationRequests(): readonly PlacedRequest[] {
    return this.#validationShare(this.plan.recipe.validation.framesPerMember);
  }

  /** Has the loader make micro-batches and forgets them: its threads have opened, read and kept what they work with. */
  async tryLoader(requests: readonly PlacedRequest[]): Promise<void> {
    for await (const _ of this.#loader.batches(requests));
    this.#triedMs = this.#loader.waitedMs;
  }

  /** This rank's share of the micro-batches of each step from one on, in order of the steps. */
  stepShares(from: number, until: number): () => Promise<StepShare> {
    return stepShares(this.#loader, this.#computing, from, until);
  }

  /** Makes sure that all ranks hold the same weights, and computed the same norms of gradients since they last did. */
  async agree(state: RunState, norms: readonly number[]): Promise<void> {
    await agreeOnWeights(this.world, state, norms);
  }

  /** Uses a state whose averages are whole, where the recipe validates them: all ranks meet in it. */
  async acting<T>(state: RunState, use: (state: ActingState) => Promise<T>): Promise<T> {
    const { step, parameters } = state;
    if (this.plan.recipe.validation.weights === "parameters") return await use({ step, parameters, ema: null });
    return await withWholeAverages(this.world, state, this.#lend(state), use);
  }

  /** Writes a checkpoint and deletes those that the recipe does not keep: rank 0 writes, the others send what it lacks. */
  async save(folder: string, progress: TrainingProgress): Promise<void> {
    const { state, best } = progress;
    await writeAtRank0(this.world, state, this.#lend(state), async (weights) => {
      await writeCheckpointInTurn(folder, checkpointFacts(this.plan, progress), weights);
      MappedFile.letGo();
      await pruneCheckpoints(folder, this.plan.recipe.checkpoint.keepLast, best?.step ?? null);
    });
  }

  async close(): Promise<void> {
    await this.#loader.close();
    (await this.#trainer)?.release();
    (await this.#validator)?.release();
  }

  /** The micro-batches of held-out samples that this rank computes. */
  #validationShare(framesPerMember: number | "all", shaping: Shaping | null = this.#shaping): PlacedRequest[] {
    const { recipe, mixture } = this.plan;
    const layout = layoutOf(recipe, recipe.validation.microBatch);
    const draws = validationDraws(mixture, framesPerMember);
    const all = dealtByShape(draws, { purpose: "validation", layout, shaping, rows: "full" });
    return turnsOf(all.length, this.world).map((turn) => all[turn]!);
  }

  get #computing(): Computing {
    return { plan: this.plan, shaping: this.#shaping, world: this.world };
  }

  #lend(state: RunState): Lend {
    return async (use) => (await this.trainerFor(state)).lend(use);
  }
}

function sampleCount(requests: readonly PlacedRequest[]): number {
  return requests.reduce((sum, { draws }) => sum + draws.length, 0);
}

/** Micro-batches that workers make before they are asked for. */
const runAhead = 6;
