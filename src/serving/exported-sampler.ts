import type { Batch } from "../batch/batch.ts";
import type { BatchLayout } from "../batch/layout.ts";
import type { UnrealInput } from "../flow/path.ts";
import { cells } from "../graph/axes.ts";
import { type Arrays, type DataType, HostArray, zeros } from "../graph/host-array.ts";
import type { RunnableProgram } from "../graph/runnable.ts";
import { InputError } from "../input-error.ts";
import { actionNoise, type NoiseKey } from "../objective/action-noise.ts";
import { type Chunking, carriedFeeds } from "../objective/chunking.ts";
import { observationFeeds } from "../objective/observation-feeds.ts";
import { onlyInputs } from "../objective/only-inputs.ts";
import type { ActionRequest } from "./action.ts";
import type { ServedRobot } from "./robot.ts";
import { robotInputs } from "./robot-program.ts";

/** What a program that acts for one robot is fed. */
export interface ProgramFeeding {
  /** Of one row. */
  readonly layout: BatchLayout;
  /** What its noise has in slots that the robot does not have. */
  readonly unrealInput: UnrealInput;
  /** How it has chunks go on from those before them, for which it has inputs; absent: it has none. */
  readonly carries?: Chunking | undefined;
  /** Whether they do: that, or absent. */
  readonly chunking?: Chunking | undefined;
}

/** A program that `exportOnnx` wrote, in a runtime: the actions of one robot, in its own units. */
export class ExportedSampler {
  readonly layout: BatchLayout;
  /** How its chunks go on from those before them; `undefined` where each arises by itself. */
  readonly chunking: Chunking | undefined;
  readonly isSaid = false;
  readonly #unrealInput: UnrealInput;
  /** What the program has inputs for. */
  readonly #carries: Chunking | undefined;
  readonly #program: RunnableProgram;

  private constructor(program: RunnableProgram, { layout, unrealInput, carries, chunking }: ProgramFeeding) {
    this.layout = layout;
    this.chunking = chunking;
    this.#carries = carries;
    this.#unrealInput = unrealInput;
    this.#program = program;
  }

  /**
   * @param where names the program in the error
   * @throws InputError where it gives other actions than the robot's; it is released then
   */
  static of(
    where: string,
    program: RunnableProgram,
    { robot, ...feeding }: ProgramFeeding & { readonly robot: ServedRobot },
  ): ExportedSampler {
    const wanted = `${robotInputs.actions} [1,${feeding.layout.steps},${robot.embodiment.dofs.length}]`;
    const found = program.outputs.map(({ name, shape }) => `${name} [${shape}]`).join(", ");
    if (found === wanted) return new ExportedSampler(program, feeding);
    program.release();
    throw new InputError(
      `${where}: expected a program that gives ${wanted}, got one that gives ${found}; export the run again`,
    );
  }

  /**
   * The actions of a robot that asks.
   *
   * @param batch what the policy reads of the request
   * @returns `[t d]`, absolute and in the robot's own order and units
   */
  async run(batch: Batch, request: ActionRequest, key: NoiseKey): Promise<Float64Array> {
    const { name, shape } = this.#program.outputs[0]!;
    const out = zeros("b t d", shape, "float32");
    const feeds = this.#feedsOf(batch, request, key);
    await this.#program.run(onlyInputs(this.#program, feeds), new Map([[name, out]]));
    return Float64Array.from(out.cells);
  }

  release(): void {
    this.#program.release();
  }

  #feedsOf(batch: Batch, request: ActionRequest, key: NoiseKey): Arrays {
    const { observations, robot } = request;
    const { state, history, prompt, noise, real } = robotInputs;
    const { historyReal, tokenReal } = batch.facts;
    const width = robot.embodiment.states.length;
    const states = observations.flatMap((one) => (one === null ? new Array<number>(width).fill(0) : [...one.state]));
    const own = new HostArray("b o s", [1, observations.length, width], "float32", Float32Array.from(states));
    return new Map<string, HostArray<string, DataType>>([
      ...observationFeeds(batch),
      [state, own],
      ...this.#pictureFeeds(batch, robot),
      [real(history), historyReal.toArray()],
      [prompt, batch.prompt.read((tokens) => tokens)],
      [real(prompt), tokenReal.toArray()],
      ...this.#carriedFeeds(request),
      [noise, actionNoise(batch, [key], this.#unrealInput)],
    ]);
  }

  /** What is left of the chunk before, in the robot's own units; nothing is held where there is none. */
  #carriedFeeds({ before, robot }: ActionRequest) {
    if (this.#carries === undefined) return [];
    const width = robot.embodiment.dofs.length;
    const cells = Float32Array.from(before?.actions.flat() ?? []);
    const rest = {
      actions: new HostArray("t d", [cells.length / width, width], "float32", cells),
      delay: before?.delay ?? 0,
    };
    return carriedFeeds(this.#carries, { ...this.layout, actionWidth: width }, [rest]);
  }

  /** Pictures of each camera of the robot, and which of them are there. */
  #pictureFeeds(batch: Batch, { embodiment }: ServedRobot): [string, HostArray<string, DataType>][] {
    return embodiment.cameras.flatMap(({ view, key }, at) => {
      if (key === null) return [];
      const name = robotInputs.picture(view);
      const pictures = batch.images.read((images) => viewOf(images, at));
      const there = viewOf(batch.facts.viewReal.toArray(), at);
      const isFloat = this.#program.inputs.some((input) => input.name === name && input.type === "float32");
      const fed = isFloat
        ? new HostArray("b o h w c", pictures.shape, "float32", Float32Array.from(pictures.cells))
        : new HostArray("b o h w c", pictures.shape, "uint8", pictures.cells);
      return [
        [name, fed],
        [robotInputs.real(name), new HostArray("b o", there.shape, "bool", there.cells)],
      ];
    });
  }
}

/** One view of `[1 o v …]`, as `[1 o …]`. */
function viewOf({ shape, cells: all }: HostArray<string, "uint8" | "bool">, view: number) {
  const [, observations = 0, views = 0, ...rest] = shape;
  const share = cells(rest);
  const own = new Uint8Array(observations * share);
  for (let slot = 0; slot < observations; slot++) {
    const from = (slot * views + view) * share;
    own.set(all.subarray(from, from + share), slot * share);
  }
  return { shape: [1, observations, ...rest], cells: own };
}
