import { type DataType, HostArray } from "../graph/host-array.ts";
import { type CompileOptions, Program } from "../graph/program.ts";
import type { ParameterForm, ParameterValues } from "../nn/parameter.ts";
import { type AdamW, nextOf, normOutput, roles, stepRates, updateOutputs } from "./adamw.ts";
import { zerosLike } from "./gradient-sum.ts";
import type { TrainingState } from "./state.ts";

/** What a step of the optimizer leaves. */
export interface Updated {
  readonly state: TrainingState;
  /** Global norm of the gradient before clipping. */
  readonly norm: number;
}

type Storage = HostArray<string, DataType>;

/**
 * The update program with a second set of storage, which changes places with the state's at each step.
 *
 * ONNX Runtime must not write what it reads: the same buffer as input and output gives wrong numbers without an error.
 */
export class Updater {
  readonly #program: Program;
  readonly #optimizer: AdamW;
  #spare: TrainingState | null = null;

  private constructor(program: Program, optimizer: AdamW) {
    this.#program = program;
    this.#optimizer = optimizer;
  }

  static async compile(
    trained: readonly ParameterForm[],
    optimizer: AdamW,
    options: Omit<CompileOptions, "fixed">,
  ): Promise<Updater> {
    const outputs = updateOutputs(trained, optimizer);
    return new Updater(await Program.compile(outputs, { ...options, fixed: new Map() }), optimizer);
  }

  /**
   * The state after one step. The state given is used up: its storage becomes that of the step after.
   *
   * @param gradient of the whole global batch
   */
  async step(state: TrainingState, gradient: ParameterValues, learningRate: number): Promise<Updated> {
    const next = this.#spare ?? emptyLike(state);
    const norm = new Float32Array(1);
    const feeds = new Map<string, Storage>([
      ...stepRates(this.#optimizer, learningRate, state.step),
      ...named(roles.gradient, gradient),
      ...trainedPart(state),
    ]);
    const fetches = new Map<string, Storage>(
      [...trainedPart(next)].map(([name, array]): [string, Storage] => [nextOf(name), array]),
    );
    fetches.set(normOutput, new HostArray("", [], "float32", norm));
    await this.#program.run(feeds, fetches);
    this.#spare = state;
    const frozen = [...state.parameters].filter(([name]) => !state.first.has(name));
    const parameters = new Map([...next.parameters, ...frozen]);
    return { state: { ...next, parameters, step: state.step + 1 }, norm: norm[0]! };
  }

  release(): void {
    this.#program.release();
  }
}

/** What of a state the update program reads and writes, under the names of its inputs. */
function trainedPart({ parameters, first, second, ema }: TrainingState): Map<string, Storage> {
  const training = new Map([...parameters].filter(([name]) => first.has(name)));
  return new Map([
    ...named(roles.parameter, training),
    ...named(roles.first, first),
    ...named(roles.second, second),
    ...named(roles.ema, ema ?? new Map()),
  ]);
}

function named(prefix: string, values: ParameterValues): [string, Storage][] {
  return [...values].map(([name, array]) => [`${prefix}${name}`, array]);
}

function emptyLike({ step, parameters, first, second, ema }: TrainingState): TrainingState {
  const training = new Map([...parameters].filter(([name]) => first.has(name)));
  return {
    step,
    parameters: zerosLike(training),
    first: zerosLike(first),
    second: zerosLike(second),
    ema: ema === null ? null : zerosLike(ema),
  };
}
