import { placesInOrder } from "../batch/batch.ts";
import { layoutIn, type MicroShape, shapeOfBatch } from "../batch/shape.ts";
import type { HostArray } from "../graph/host-array.ts";
import type { SampleError } from "../metric/group.ts";
import type { ParameterValues } from "../nn/parameter.ts";
import { ActionSampler } from "../objective/sample.ts";
import type { Setting } from "../objective/traced.ts";
import { shareOf, turnsOf } from "../ranks/deal.ts";
import { localLinks } from "../ranks/local.ts";
import { World } from "../ranks/world.ts";
import { answersOf } from "../recipe/answer.ts";
import { groupNamesOf, type Plan, settingOf, termsOf } from "../recipe/plan.ts";
import {
  GlobalGradient,
  type GlobalGradientResult,
  GradientPrograms,
  type HostGradient,
} from "../training/global-gradient.ts";
import { mostPrograms, ProgramCache } from "../training/program-cache.ts";
import { Validator } from "../training/validator.ts";
import { actedFeeds, type GlobalBatch, trainedMicros, validatedMicros } from "./global-batch.ts";
import { fittedWeights } from "./weight.ts";

/** What one rank trains and validates with. */
interface Rank {
  readonly world: World;
  readonly gradient: HostGradient;
  readonly validator: Validator;
}

interface Programs {
  readonly gradient: GradientPrograms;
  readonly validator: Validator;
  readonly samplers: ProgramCache<ActionSampler>;
}

/** What sampling a micro-batch gives: answers are compared as they are said, since those of weights that learnt nothing are no chunks. */
export type Acted = HostArray<"b t d"> | HostArray<"b n", "int32">;

/** The code that trains, validates and samples actions, compiled for micro-batches of so many rows with room for poison. */
export class AuditedProduct {
  readonly #plan: Plan;
  readonly #programs: Programs;
  #weights: ParameterValues;
  readonly #ranks = new Map<number, Promise<readonly Rank[]>>();

  private constructor(plan: Plan, programs: Programs, weights: ParameterValues) {
    this.#plan = plan;
    this.#programs = programs;
    this.#weights = weights;
  }

  /** @param weights of the policy as it is: where the plan's is wider, new cells are made up */
  static async compile(plan: Plan, rows: number, weights: ParameterValues): Promise<AuditedProduct> {
    const { device, threads } = plan.recipe;
    // In float32 whatever the recipe says: laws about other shapes hold up to rounding, and that of bfloat16 would hide a leak.
    const machine = { device, threads };
    const setting: Setting = { ...settingOf(plan, rows), hidden: "poisonable" };
    const [world] = await localWorlds(1);
    const [terms, names] = [termsOf(plan), groupNamesOf(plan)];
    const gradient = GradientPrograms.of({
      setting,
      trains: () => true,
      frozen: new Map(),
      recompute: "nothing",
      machine,
    });
    const validator = await Validator.compile({ setting, terms, names, machine, world: world! });
    const fitted = fittedWeights(weights, gradient.trained);
    const compile = (shape: MicroShape) =>
      ActionSampler.compile({
        setting: { ...setting, layout: layoutIn(setting.layout, shape) },
        weights: fitted,
        placement: "fed",
        answers: answersOf(plan.recipe),
        machine,
      });
    const samplers = new ProgramCache(compile, mostPrograms);
    return new AuditedProduct(plan, { gradient, validator, samplers }, fitted);
  }

  /** Goes on with other weights. */
  take(weights: ParameterValues): void {
    this.#weights = fittedWeights(weights, this.#programs.gradient.trained);
  }

  /** Loss and gradient as training computes them, at rank 0. */
  async trained(whole: GlobalBatch): Promise<GlobalGradientResult> {
    const micros = trainedMicros(whole);
    const places = placesInOrder(whole.parts.map(({ batch }) => batch));
    const microBatches = micros.length;
    const results = (await this.#ranksOf(whole.ranks)).map(({ world, gradient }) => {
      const { start, end } = shareOf(microBatches, world);
      const own = { micros: micros.slice(start, end), places: places.slice(start, end), microBatches };
      return gradient.of(this.#weights, own);
    });
    const [first, ...others] = await Promise.all(results);
    return { ...first!, weights: [first!, ...others].flatMap(({ weights }) => weights) };
  }

  /** Errors by sample as validation computes them, at rank 0. */
  async validated(whole: GlobalBatch): Promise<SampleError[]> {
    const places = placesInOrder(whole.parts.map(({ batch }) => batch));
    const results = (await this.#ranksOf(whole.ranks)).map(({ world, validator }) => {
      const turns = turnsOf(whole.parts.length, world);
      const own = { micros: validatedMicros(whole, turns), places: turns.map((turn) => places[turn]!) };
      return validator.errors(this.#weights, own, () => {});
    });
    return (await Promise.all(results))[0]!;
  }

  /** Validation's numbers of samples whose errors are known. */
  grouped(errors: readonly SampleError[]) {
    return this.#programs.validator.grouped(errors);
  }

  /** Actions of each micro-batch, `[b t d]` in unit scale, as a robot asks for them; or, `[b n]`, the answers that say them. */
  async acted(whole: GlobalBatch): Promise<Acted[]> {
    const found: Acted[] = [];
    for (const part of whole.parts) {
      const acted = async (compiled: ActionSampler) => {
        const sampler = compiled.under(this.#weights);
        const feeds = actedFeeds(whole, part, sampler);
        return await (sampler.isSaid ? sampler.said(feeds) : sampler.run(feeds));
      };
      found.push(await this.#programs.samplers.with(shapeOfBatch(part.batch), acted));
    }
    return found;
  }

  release(): void {
    const { gradient, validator, samplers } = this.#programs;
    for (const programs of [gradient, validator, samplers]) programs.release();
  }

  #ranksOf(count: number): Promise<readonly Rank[]> {
    const { gradient, validator } = this.#programs;
    const made = async () =>
      (await localWorlds(count)).map((world) => ({
        world,
        gradient: GlobalGradient.inHost(gradient, termsOf(this.#plan), world),
        validator: validator.on(world),
      }));
    const known = this.#ranks.get(count) ?? made();
    this.#ranks.set(count, known);
    return known;
  }
}

/** So many ranks in this process. */
function localWorlds(count: number): Promise<World[]> {
  return Promise.all(localLinks(count).map((link) => World.open(link, { deadlineSeconds: Number.POSITIVE_INFINITY })));
}
