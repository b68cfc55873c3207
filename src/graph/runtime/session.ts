import type { OnnxValue } from "../onnx.ts";
import { type Device, useDevice } from "./device.ts";
import { environment } from "./environment.ts";
import { type Address, call, callElsewhere, give, obtain } from "./interface.ts";
import { checkArrays, refuseSharedMemory } from "./match.ts";
import { Names } from "./names.ts";
import { endProfile, readSignature } from "./signature.ts";
import { type AnyHostArray, type ProgramArray, RuntimeValues } from "./value.ts";

/** How a program is run. The thread count and the device change bits, the rest does not. */
export interface SessionOptions {
  /** Threads that share one operator, the one that calls included. */
  readonly threads: number;
  readonly device: Device;
  /** Where to write the time of each operator: the start of a file name, completed by the runtime. */
  readonly profile?: string;
  /**
   * What threads do while they have no share of an operator. To `spin` (for 50 µs, the default) is 5 % faster where the
   * program has its cores to itself, to `sleep` up to 1.5 × faster where others want them too.
   */
  readonly waiting?: "spin" | "sleep";
  /** Of the files in which constants of the model stand. */
  readonly folder?: string;
  /** Constants that stand in memory, by name: the model says of each that it is elsewhere. Nobody may change them while the session lives. */
  readonly constants?: ReadonlyMap<string, AnyHostArray>;
}

/**
 * A compiled program.
 *
 * @param model bytes of an ONNX model with static shapes (`encodeModel`), or the path of its file, beside which its constants may stand
 * @throws InputError if the device is not there
 * @throws Error with the runtime's message if it refuses the model
 */
export function openSession(model: Uint8Array | string, options: SessionOptions): RuntimeSession {
  if (!Number.isInteger(options.threads) || options.threads < 1)
    throw new RangeError(`openSession: threads must be a natural number, got ${options.threads}`);
  const { constants = new Map() } = options;
  const settings = obtain("CreateSessionOptions");
  const values = new RuntimeValues([...constants.values()]);
  try {
    configure(settings, options);
    addConstants(settings, [...constants.keys()], values);
    return adopt(createSession(model, settings), values);
  } catch (error) {
    values.release();
    throw error;
  } finally {
    give("ReleaseSessionOptions", settings);
  }
}

function createSession(model: Uint8Array | string, settings: Address): Address {
  if (typeof model === "string") return obtain("CreateSession", environment, model, settings);
  return obtain("CreateSessionFromArray", environment, model, model.byteLength, settings);
}

/** The first call is for the optimiser of graphs, which works out what it can; without the second the session would hold copies. */
function addConstants(settings: Address, names: readonly string[], values: RuntimeValues): void {
  if (names.length === 0) return;
  call("AddExternalInitializers", settings, new Names(names).pointers, values.pointers, names.length);
  for (const [at, name] of names.entries()) call("AddInitializer", settings, name, values.pointers[at]!);
}

function adopt(session: Address, constants: RuntimeValues): RuntimeSession {
  try {
    return new RuntimeSession(session, constants);
  } catch (error) {
    give("ReleaseSession", session);
    throw error;
  }
}

/** Arrays by name, each in the host's memory or, for a program of a device, in that one's. */
export type ProgramArrays = ReadonlyMap<string, ProgramArray>;

/** A program in a runtime's memory: it runs until it is released. */
export interface ProgramSession {
  /** What `run` must be fed. */
  readonly inputs: readonly OnnxValue[];
  /** What `run` computes. */
  readonly outputs: readonly OnnxValue[];
  run(feeds: ProgramArrays, fetches: ProgramArrays): Promise<void>;
  release(): void;
  endProfile(): string;
}

/** A program in the memory of ONNX Runtime. */
export class RuntimeSession implements ProgramSession {
  readonly inputs: readonly OnnxValue[];
  readonly outputs: readonly OnnxValue[];
  readonly #session: Address;
  readonly #constants: RuntimeValues;
  readonly #inputNames: Names;
  readonly #outputNames: Names;
  #running = 0;
  #released = false;

  /** @internal Takes over a session of the runtime. */
  constructor(session: Address, constants: RuntimeValues) {
    this.#session = session;
    this.#constants = constants;
    this.inputs = readSignature(session, "Input");
    this.outputs = readSignature(session, "Output");
    this.#inputNames = new Names(this.inputs.map(({ name }) => name));
    this.#outputNames = new Names(this.outputs.map(({ name }) => name));
  }

  /**
   * Computes every output from every input, on other threads; the event loop stays free.
   *
   * The arrays' own memory is read and written: until the promise settles nobody else may write a feed or touch a fetch.
   *
   * @param feeds   every input by name
   * @param fetches the arrays that receive the outputs, every one by name
   * @throws RangeError if a name is missing or left over, a type or shape differs, or a fetch shares memory
   */
  async run(feeds: ProgramArrays, fetches: ProgramArrays): Promise<void> {
    if (this.#released) throw new Error("Session.run: the session was released");
    checkArrays("feed", this.inputs, feeds);
    checkArrays("fetch", this.outputs, fetches);
    refuseSharedMemory(feeds, fetches);
    const values = new RuntimeValues([
      ...this.inputs.map(({ name }) => feeds.get(name)!),
      ...this.outputs.map(({ name }) => fetches.get(name)!),
    ]);
    this.#running++;
    try {
      await this.#compute(values.pointers);
    } finally {
      values.release();
      this.#running--;
      this.#closeIfDone();
    }
  }

  /** Gives the memory back once no run is under way. A second call does nothing; a later run is an error. */
  release(): void {
    if (this.#released) return;
    this.#released = true;
    this.#closeIfDone();
  }

  /** Ends the profile and returns the file it was written to; only for a session opened with `profile`. */
  endProfile(): string {
    if (this.#released) throw new Error("Session.endProfile: the session was released");
    const file = endProfile(this.#session);
    if (file === "")
      throw new Error('Session.endProfile: the session was opened without "profile", or it ended before');
    return file;
  }

  #compute(values: BigUint64Array): Promise<void> {
    const inputs = values.subarray(0, this.inputs.length);
    const outputs = values.subarray(this.inputs.length);
    const [inputNames, outputNames] = [this.#inputNames.pointers, this.#outputNames.pointers];
    const results = [outputNames, outputs.length, outputs] as const;
    return callElsewhere("Run", this.#session, null, inputNames, inputs, inputs.length, ...results);
  }

  #closeIfDone(): void {
    if (!this.#released || this.#running > 0) return;
    give("ReleaseSession", this.#session);
    this.#constants.release();
  }
}

const sequential = 0;

function configure(settings: Address, { threads, device, profile, waiting = "spin", folder }: SessionOptions): void {
  call("SetSessionExecutionMode", settings, sequential);
  call("SetIntraOpNumThreads", settings, threads);
  call("SetInterOpNumThreads", settings, 1);
  // Planned reuse of memory took 1,915 MB where plain allocation took 1,139, at the same speed.
  call("DisableMemPattern", settings);
  for (const [key, value] of Object.entries({ ...entries, ...waitingEntries[waiting] }))
    call("AddSessionConfigEntry", settings, key, value);
  if (folder !== undefined)
    call("AddSessionConfigEntry", settings, "session.model_external_initializers_file_folder_path", folder);
  if (profile !== undefined) call("EnableProfiling", settings, profile);
  useDevice(settings, device);
}

const entries = {
  "session.use_env_allocators": "1",
  // In float64 the first has no kernel, so the graph fails to load, and the second takes 1e-5 for any epsilon.
  "optimization.disable_specified_optimizers": "QuickGeluFusion;SimplifiedLayerNormFusion",
} as const;

const waitingEntries = {
  spin: { "session.intra_op.spin_duration_us": "50" },
  sleep: { "session.intra_op.allow_spinning": "0" },
} as const;
