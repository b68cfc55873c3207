import { type ActionSayer, type AnswerForm, actionSayer } from "../codec/answer.ts";
import { byteTokenizer, type PromptTokenizer } from "../codec/prompt.ts";
import { openTokenizer, type TokenizerFolder } from "../codec/tokenizer-file.ts";
import type { Normalization } from "../embodiment/normalize.ts";
import type { Member } from "../mixture/mixture.ts";
import type { Draw } from "../mixture/sampler.ts";
import { openMember } from "../mixture/source.ts";
import type { Batch } from "./batch.ts";
import { collate } from "./collate.ts";
import { loadExample, type Reading, type Subject } from "./example.ts";
import type { BatchLayout } from "./layout.ts";

/** Unit scales of a member of the mixture: those of its normalisation group. */
export interface Units {
  readonly action: Normalization;
  readonly state: Normalization;
}

/** What a worker needs to make batches of a mixture: plain data. */
export interface LoadPlan {
  readonly seed: number;
  readonly members: readonly Member[];
  /** One per member. */
  readonly units: readonly Units[];
  readonly reading: Reading;
  readonly tokenizer: "bytes" | TokenizerFolder;
  /** What actions are said with; `null` where they are not said. */
  readonly answers: AnswerForm | null;
  /** Decoded pictures of each member are kept up to this many bytes, over all workers. */
  readonly pictureMemoryBytes: number;
}

/** One micro-batch that is wanted: plain data. */
export interface BatchRequest {
  readonly purpose: "train" | "validation";
  readonly layout: BatchLayout;
  readonly draws: readonly Draw[];
}

/** Makes batches from datasets of its own. Which batch comes out depends on the plan and the request alone. */
export class BatchMaker {
  readonly #plan: LoadPlan;
  readonly #subjects: readonly Subject[];
  readonly #answers: ActionSayer | null;
  readonly #tokenizer: PromptTokenizer;

  private constructor(plan: LoadPlan, subjects: readonly Subject[], tokenizer: PromptTokenizer) {
    this.#plan = plan;
    this.#subjects = subjects;
    this.#tokenizer = tokenizer;
    this.#answers = plan.answers === null ? null : actionSayer(tokenizer, plan.answers);
  }

  /**
   * @param shared memory for the decoded pictures of each member, from the loader; without it they are kept in memory of its own
   * @throws InputError if a dataset or the tokenizer cannot be opened any more
   */
  static async open(plan: LoadPlan, shared: readonly SharedArrayBuffer[] = []): Promise<BatchMaker> {
    const tokenizer = plan.tokenizer === "bytes" ? byteTokenizer : openTokenizer(plan.tokenizer);
    const opening = plan.members.map(async (member, at) => ({
      ...plan.units[at]!,
      member,
      dataset: await openMember(member, {
        episodes: [...member.train.episodes, ...member.validation.episodes].sort((a, b) => a - b),
        pictureMemoryBytes: plan.pictureMemoryBytes,
        sharedPictures: shared[at],
      }),
    }));
    const settled = await Promise.allSettled(opening);
    const subjects = settled.flatMap((one) => (one.status === "fulfilled" ? [one.value] : []));
    const failed = settled.find((one) => one.status === "rejected");
    if (failed === undefined) return new BatchMaker(plan, subjects, tokenizer);
    await Promise.all(subjects.map(({ dataset }) => dataset.close()));
    throw failed.reason;
  }

  /** @throws InputError naming the sample that cannot be read or does not fit */
  async make({ purpose, layout, draws }: BatchRequest): Promise<Batch> {
    const { seed, reading } = this.#plan;
    const choice = { seed, purpose, layout, reading, tokenizer: this.#tokenizer, answers: this.#answers };
    return collate(
      layout,
      await Promise.all(draws.map((draw) => loadExample(this.#subjects[draw.member]!, draw, choice))),
    );
  }

  async close(): Promise<void> {
    await Promise.all(this.#subjects.map(({ dataset }) => dataset.close()));
  }
}
