import { type Batch, sampleCount } from "../batch/batch.ts";
import type { BatchLayout } from "../batch/layout.ts";
import { type Arrays, type HostArray, zeros } from "../graph/host-array.ts";
import { type CompileOptions, Program } from "../graph/program.ts";
import type { ParameterValues } from "../nn/parameter.ts";
import { actionNoise, type NoiseKey } from "./action-noise.ts";
import { flowInputs } from "./flow.ts";
import { observationFeeds } from "./micro-batch.ts";
import { traceActions } from "./objective.ts";
import { onlyInputs } from "./only-inputs.ts";
import type { Setting } from "./traced.ts";

export interface ActionSamplerOptions {
  readonly setting: Setting;
  /** The weights that act. */
  readonly weights: ParameterValues;
  readonly placement: WeightPlacement;
  readonly machine: Omit<CompileOptions, "fixed">;
}

/** Whether weights stand in the program, where a step takes a fifth less time, or are fed to it at each run. */
export type WeightPlacement = "written" | "fed";

/** A model file ends at 2 GiB, and while it is read its weights are in memory three times. */
const largestWrittenBytes = 2 ** 30;

/** Where weights of this size stand. */
export function placementFor(weights: ParameterValues): WeightPlacement {
  const bytes = [...weights.values()].reduce((sum, { cells }) => sum + cells.byteLength, 0);
  return bytes <= largestWrittenBytes ? "written" : "fed";
}

/** Actions of a policy whose weights no longer change: noise carried to actions by the flow. */
export class ActionSampler {
  readonly #setting: Setting;
  readonly #program: Program;
  /** The weights that the program is fed. */
  readonly #fed: ParameterValues;

  private constructor(setting: Setting, program: Program, fed: ParameterValues) {
    this.#setting = setting;
    this.#program = program;
    this.#fed = fed;
  }

  static async compile({ setting, weights, placement, machine }: ActionSamplerOptions): Promise<ActionSampler> {
    const { parameters, actions } = traceActions(setting);
    const read = new Map([...weights].filter(([name]) => parameters.some((parameter) => parameter.name === name)));
    const [fixed, fed] = placement === "written" ? [read, new Map()] : [new Map(), read];
    return new ActionSampler(setting, await Program.compile({ actions }, { ...machine, fixed }), fed);
  }

  /** Of the batches that it takes: its steps are those that it computes. */
  get layout(): BatchLayout {
    return this.#setting.layout;
  }

  /** The same program with other weights. @throws RangeError where weights stand in the program */
  under(weights: ParameterValues): ActionSampler {
    if (this.#fed.size === 0) throw new RangeError("under: expected a program that is fed its weights, got fixed ones");
    const own = new Map([...this.#fed.keys()].map((name) => [name, weights.get(name)!]));
    return new ActionSampler(this.#setting, this.#program, own);
  }

  /**
   * Actions for each row of a batch. Several calls may be under way at once.
   *
   * @param keys one per sample: what its noise is keyed by
   * @returns `[b t d]`, in unit scale; cells that are not real mean nothing
   * @throws RangeError if samples and keys differ in number
   */
  async sample(batch: Batch, keys: readonly NoiseKey[]): Promise<HostArray<"b t d">> {
    return await this.run(this.feedsOf(batch, keys));
  }

  /** All that the program takes but its weights. @throws RangeError if samples and keys differ in number */
  feedsOf(batch: Batch, keys: readonly NoiseKey[]): Arrays {
    const samples = sampleCount(batch);
    if (keys.length !== samples)
      throw new RangeError(`sample: expected a key for each of ${samples} samples, got ${keys.length}`);
    const noise = actionNoise(batch, keys, this.#setting.unrealInput);
    return new Map([...observationFeeds(batch), [flowInputs.noise, noise] as const]);
  }

  /** Actions, as `sample`, from what the program takes. */
  async run(feeds: Arrays): Promise<HostArray<"b t d">> {
    const { layout } = this.#setting;
    const out = zeros("b t d", [layout.rows, layout.steps, layout.actionWidth], "float32");
    await this.#program.run(onlyInputs(this.#program, new Map([...feeds, ...this.#fed])), new Map([["actions", out]]));
    return out;
  }

  release(): void {
    this.#program.release();
  }
}
