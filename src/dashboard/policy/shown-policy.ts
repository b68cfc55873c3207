import { rearranged } from "../../audit/rearrange.ts";
import type { Batch } from "../../batch/batch.ts";
import { cutToRobot } from "../../batch/cut.ts";
import { BatchMaker } from "../../batch/maker.ts";
import { slots } from "../../embodiment/embodiment.ts";
import { ownActions } from "../../embodiment/own-action.ts";
import { trajectory } from "../../embodiment/window.ts";
import type { HostArray } from "../../graph/host-array.ts";
import { InputError } from "../../input-error.ts";
import type { Draw } from "../../mixture/sampler.ts";
import { sampleKeys } from "../../objective/action-noise.ts";
import { ActionSampler, placementFor } from "../../objective/sample.ts";
import { answersOf } from "../../recipe/answer.ts";
import { layoutOf, loadPlanOf, type Plan, settingOf } from "../../recipe/plan.ts";
import { type FoundPolicy, findPolicy, readPolicyWeights } from "../../serving/load.ts";
import { asAsked } from "../../training/action-errors.ts";
import { lengthOfEpisode, type OpenData, openedOf, type ShownDataset } from "../data/open-data.ts";

/** Samples in one run of the program. */
const rows = 8;

/** What is sampled: the noise of so many draws at each of some rows of an episode. */
export interface ChunkSampling {
  readonly episode: number;
  readonly rows: readonly number[];
  readonly draws: number;
}

/** A chunk in the robot's own units and order, by step and dof. */
export type SampledChunk = HostArray<"t d", "float64">;

interface Parts {
  readonly found: FoundPolicy;
  readonly data: OpenData;
  readonly plan: Plan;
  readonly sampler: ActionSampler;
  readonly maker: BatchMaker;
}

/** A trained policy, and the datasets that it is asked about: it acts as validation lets it act. */
export class ShownPolicy {
  readonly found: FoundPolicy;
  /** Its datasets, which it closes. */
  readonly data: OpenData;
  readonly plan: Plan;
  readonly #sampler: ActionSampler;
  readonly #maker: BatchMaker;

  private constructor({ found, data, plan, sampler, maker }: Parts) {
    this.found = found;
    this.data = data;
    this.plan = plan;
    this.#sampler = sampler;
    this.#maker = maker;
  }

  /**
   * The policy of a run's newest checkpoint, its weights read and its program compiled.
   *
   * @throws InputError where there is no checkpoint, its device is not there, or its datasets cannot be read as in training
   */
  static async open(run: string, data: OpenData): Promise<ShownPolicy> {
    const { plan, problem } = data;
    const found = await findPolicy(run);
    if (plan === null) throw new InputError(problem ?? `${run}: expected the datasets of its training, got none`);
    const weights = await readPolicyWeights(found);
    const sampler = await ActionSampler.compile({
      setting: settingOf(plan, rows),
      weights,
      placement: placementFor(weights, "float32"),
      answers: answersOf(plan.recipe),
      machine: found.machine,
    });
    const maker = await BatchMaker.open(loadPlanOf(plan));
    return new ShownPolicy({ found, data, plan, sampler, maker });
  }

  /**
   * What the policy does at rows of an episode, asked as a robot asks that stands there.
   *
   * @param shown one of its own datasets
   * @returns by row, then by draw
   * @throws InputError where the dataset is no robot's or does not train, or there is no such row
   */
  async sample(shown: ShownDataset, { episode, rows: at, draws }: ChunkSampling): Promise<SampledChunk[][]> {
    const member = this.#memberOf(shown);
    const wanted = at.flatMap((frame) =>
      Array.from({ length: draws }, (_, draw): Draw => ({ member, episode, frame, draw })),
    );
    checkRows(shown, episode, at);
    const chunks: SampledChunk[] = [];
    for (let first = 0; first < wanted.length; first += rows)
      chunks.push(...(await this.#sampleRows(shown, wanted.slice(first, first + rows))));
    return at.map((_, place) => chunks.slice(place * draws, (place + 1) * draws));
  }

  async close(): Promise<void> {
    await Promise.all([this.#maker.close(), this.data.close()]);
    this.#sampler.release();
  }

  async #sampleRows(shown: ShownDataset, draws: readonly Draw[]): Promise<SampledChunk[]> {
    const batch = await this.#batch(draws);
    const { recipe, mixture } = this.plan;
    const keys = sampleKeys(batch, { seed: recipe.seed, datasets: mixture.datasets, draw: 0 });
    const actions = await this.#sampler.sample(
      asAsked(batch),
      keys.map((key, row) => ({ ...key, draw: draws[row]!.draw })),
    );
    const member = mixture.members[draws[0]!.member]!;
    const { dofs } = member.embodiment;
    const unit = loadPlanOf(this.plan).units[draws[0]!.member]!.action;
    const dataset = openedOf(shown);
    const path = trajectory(await dataset.table(draws[0]!.episode), member.embodiment, member.framesPerSecond);
    const width = path.states.shape[1]!;
    return draws.map(({ frame }, row) => {
      const state = path.states.cells.subarray(frame * width, (frame + 1) * width);
      return ownActions(cutToRobot(actions, row, slots(dofs)), state, { dofs, unit, frame: recipe.data.actions });
    });
  }

  /** Each row is read once, however many draws of noise it has. */
  async #batch(draws: readonly Draw[]): Promise<Batch> {
    const frames = [...new Set(draws.map(({ frame }) => frame))];
    const read = frames.map((frame) => ({ ...draws[0]!, frame, draw: 0 }));
    const layout = layoutOf(this.plan.recipe, rows);
    const batch = await this.#maker.make({ purpose: "validation", layout, draws: read });
    const from = Array.from({ length: rows }, (_, row) => {
      const draw = draws[row];
      return draw === undefined ? -1 : frames.indexOf(draw.frame);
    });
    return rearranged(batch, { b: from });
  }

  #memberOf(shown: ShownDataset): number {
    const at = this.data.datasets.indexOf(shown);
    if (at < 0 || shown.embodiment?.target !== "actions")
      throw new InputError(
        `dataset "${shown.name}": expected one of a robot that the policy was trained on, got another`,
      );
    return at;
  }
}

function checkRows(shown: ShownDataset, episode: number, rowsAsked: readonly number[]): void {
  const length = lengthOfEpisode(shown, episode);
  const outside = rowsAsked.find((row) => !Number.isInteger(row) || row < 0 || row >= length);
  if (outside !== undefined)
    throw new InputError(
      `dataset "${shown.name}": expected a row of the ${length} of episode ${episode}, got ${outside}`,
    );
}
