import { type Batch, sampleCount } from "../batch/batch.ts";
import type { BatchLayout } from "../batch/layout.ts";
import { type Arrays, type DataType, type HostArray, zeros } from "../graph/host-array.ts";
import { type CompileOptions, Program, type StoredInputs } from "../graph/program.ts";
import { InputError } from "../input-error.ts";
import type { ParameterValues } from "../nn/parameter.ts";
import { actionNoise, type NoiseKey } from "./action-noise.ts";
import { AnswerRows, type Answers } from "./answer-rows.ts";
import { type ChunkBefore, type Chunking, carriedFeeds } from "./chunking.ts";
import { flowInputs } from "./flow.ts";
import { integersOf } from "./integer-weights.ts";
import { saidAnswer, traceActions } from "./objective.ts";
import { observationFeeds } from "./observation-feeds.ts";
import { onlyInputs } from "./only-inputs.ts";
import type { Setting } from "./traced.ts";
import type { WeightKind } from "./weight-kind.ts";

export interface ActionSamplerOptions {
  readonly setting: Setting;
  /** The weights that act, or where they stand in files: then they stand in the program as well. */
  readonly weights: ParameterValues | StoredInputs;
  readonly placement: WeightPlacement;
  /**
   * What its products read of them; absent: float32. Integers stand in the program, wherever the weights do; products in bf16 are of weights
   * in memory.
   */
  readonly weightKind?: WeightKind | undefined;
  /** Actions as answers and back, where the policy says them; else `null`. */
  readonly answers: Answers | null;
  readonly machine: Omit<CompileOptions, "fixed" | "stored" | "integers" | "precision">;
}

/** Whether weights stand in the program, where a step takes a fifth less time, or are fed to it at each run. */
export type WeightPlacement = "written" | "fed";

/** While a model with weights in it is read, these are in memory three times: those that are larger are read where they stand. */
export const largestWrittenBytes = 2 ** 30;

/** Where weights of this size stand. Integers stand in the program, whatever their size. */
export function placementFor(weights: ParameterValues | StoredInputs, weightKind: WeightKind): WeightPlacement {
  if ("folder" in weights || weightKind === "int8") return "written";
  const bytes = [...weights.values()].reduce((sum, { cells }) => sum + cells.byteLength, 0);
  return bytes <= largestWrittenBytes ? "written" : "fed";
}

/** Actions of a policy whose weights no longer change: noise carried to actions by the flow, or an answer that says them. */
export class ActionSampler {
  readonly #setting: Setting;
  readonly #program: Program;
  /** `null` where the program makes actions. */
  readonly #answers: AnswerRows | null;
  /** The weights that the program is fed. */
  readonly #fed: ParameterValues;

  private constructor(made: Made, fed: ParameterValues) {
    this.#setting = made.setting;
    this.#program = made.program;
    this.#answers = made.answers;
    this.#fed = fed;
  }

  /** @throws RangeError where the policy makes no actions; InputError where it says them in words that are not known here */
  static async compile(options: ActionSamplerOptions): Promise<ActionSampler> {
    const { setting, weights, placement, weightKind } = options;
    const precision = weightKind === "bf16" ? "bf16" : "float32";
    if (weightKind === "int8" && placement === "fed")
      throw new RangeError("sample: expected integers to be written into the program, got weights that are fed to it");
    const integers = weightKind === "int8" ? integersOf(weights) : undefined;
    // What bfloat16 costs is said of actions on held-out samples, as of integers: a chunk is of several steps, each as far off as the last.
    const check = precision === "bf16" ? ({ check: "never" } as const) : {};
    const machine = { ...options.machine, ...check, precision, integers } as const;
    const answers = answerRowsOf(options);
    const { parameters, ...outputs } = answers === null ? traceActions(setting) : saidAnswer(setting, answers.manner);
    if ("folder" in weights) {
      const program = await Program.compile({ ...outputs }, { ...machine, fixed: new Map(), stored: weights });
      return new ActionSampler({ setting, program, answers }, new Map());
    }
    const read = new Map([...weights].filter(([name]) => parameters.some((parameter) => parameter.name === name)));
    const [fixed, fed] = placement === "written" ? [read, new Map()] : [new Map(), read];
    const program = await Program.compile({ ...outputs }, { ...machine, fixed });
    return new ActionSampler({ setting, program, answers }, fed);
  }

  /** Of the batches that it takes: its steps are those that it computes. */
  get layout(): BatchLayout {
    return this.#setting.layout;
  }

  /** The same program with other weights. @throws RangeError where weights stand in the program */
  under(weights: ParameterValues): ActionSampler {
    if (this.#fed.size === 0) throw new RangeError("under: expected a program that is fed its weights, got fixed ones");
    const own = new Map([...this.#fed.keys()].map((name) => [name, weights.get(name)!]));
    return new ActionSampler({ setting: this.#setting, program: this.#program, answers: this.#answers }, own);
  }

  /**
   * Actions for each row of a batch. Several calls may be under way at once.
   *
   * @param keys one per sample: what its noise is keyed by
   * @returns `[b t d]`, in unit scale; cells that are not real mean nothing. Where a policy says its actions and a row's answer is no
   *   chunk of its robot, they are no numbers, and so are the steps behind a chunk that ends early
   * @throws RangeError if samples and keys differ in number
   */
  async sample(batch: Batch, keys: readonly NoiseKey[]): Promise<HostArray<"b t d">> {
    return await this.run(this.feedsOf(batch, keys));
  }

  /** Actions, as `sample`, that go on from what is left of each sample's chunk before; `null` where there was none. */
  async sampleAfter(
    batch: Batch,
    keys: readonly NoiseKey[],
    before: readonly (ChunkBefore | null)[],
  ): Promise<HostArray<"b t d">> {
    const carried = this.#carriedFeeds(before);
    return await this.run(new Map([...this.feedsOf(batch, keys), ...carried]));
  }

  /** How chunks go on from those before them; `undefined` where each arises by itself. */
  get chunking(): Chunking | undefined {
    return this.#setting.chunking;
  }

  #carriedFeeds(before: readonly (ChunkBefore | null)[]) {
    const { chunking, layout } = this.#setting;
    return chunking === undefined ? [] : carriedFeeds(chunking, layout, before);
  }

  /** All that the program takes but its weights, with no chunk before. @throws RangeError if samples and keys differ in number */
  feedsOf(batch: Batch, keys: readonly NoiseKey[]): Arrays {
    const samples = sampleCount(batch);
    if (keys.length !== samples)
      throw new RangeError(`sample: expected a key for each of ${samples} samples, got ${keys.length}`);
    const noise = actionNoise(batch, keys, this.#setting.unrealInput);
    const marks = this.#answers?.feedsOf(batch, keys) ?? [];
    return new Map<string, HostArray<string, DataType>>([
      ...observationFeeds(batch),
      [flowInputs.noise, noise],
      ...this.#carriedFeeds([]),
      ...marks,
    ]);
  }

  /** Actions, as `sample`, from what the program takes. */
  async run(feeds: Arrays): Promise<HostArray<"b t d">> {
    const { layout } = this.#setting;
    if (this.#answers !== null) return this.#answers.actionsOf(await this.said(feeds), feeds);
    const out = zeros("b t d", [layout.rows, layout.steps, layout.actionWidth], "float32");
    await this.#program.run(onlyInputs(this.#program, new Map([...feeds, ...this.#fed])), new Map([["actions", out]]));
    return out;
  }

  /** Whether actions are what an answer says. */
  get isSaid(): boolean {
    return this.#answers !== null;
  }

  /**
   * The answers that actions are read from, `[b n]`: tokens behind the one that begins; 0 behind the one that ends.
   *
   * @throws RangeError where the policy says none
   */
  async said(feeds: Arrays): Promise<HostArray<"b n", "int32">> {
    if (this.#answers === null)
      throw new RangeError("said: expected a policy that says its actions, got one with a flow");
    const { rows, actionTokens } = this.#setting.layout;
    const out = zeros("b n", [rows, actionTokens - 1], "int32");
    await this.#program.run(onlyInputs(this.#program, new Map([...feeds, ...this.#fed])), new Map([["answer", out]]));
    return this.#answers.endedEach(out);
  }

  release(): void {
    this.#program.release();
  }
}

interface Made {
  readonly setting: Setting;
  readonly program: Program;
  readonly answers: AnswerRows | null;
}

/** A flow makes actions by itself, whatever else the policy says. */
function answerRowsOf({ setting, answers }: ActionSamplerOptions): AnswerRows | null {
  const { objectives } = setting.form.variant;
  if (objectives.some(({ kind }) => kind === "flow") || objectives.every(({ kind }) => kind !== "tokens")) return null;
  if (answers === null)
    throw new InputError(
      "answers: expected words of a tokenizer that is known here, got weights that were trained with another; what they say cannot be read",
    );
  return new AnswerRows(answers, setting);
}
