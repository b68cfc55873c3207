import type { Arrays } from "./host-array.ts";
import { GraphLowering } from "./lowering.ts";
import { encodeModel, type OnnxGraph, type OnnxNode, type OnnxValue, type StoredPlace } from "./onnx.ts";
import type { AnyArray, Operators } from "./operation.ts";
import { type OperatorTime, takeProfile } from "./profile.ts";
import type { Device } from "./runtime/device.ts";
import { openSession, type RuntimeSession } from "./runtime/session.ts";

export interface CompileOptions {
  readonly device: Device;
  /** Threads of the runtime inside one op. Bits depend on it. */
  readonly threads: number;
  /** Inputs whose values are fixed now: weights of a policy that only acts run faster so. */
  readonly fixed: Arrays;
  /** Inputs whose values are fixed where they stand in files: the runtime reads them, and keeps what it has made of each. */
  readonly stored?: StoredInputs;
  /** Where to write the time of each operator: the start of a file name. */
  readonly profile?: string;
}

/** Inputs of a program that stand in files of float32 cells. */
export interface StoredInputs {
  readonly folder: string;
  readonly places: ReadonlyMap<string, StoredPlace>;
}

/** A compiled graph with named inputs and outputs of static shape. */
export class Program {
  readonly #session: RuntimeSession;

  private constructor(session: RuntimeSession) {
    this.#session = session;
  }

  /** Compiles what leads to `outputs`. */
  static async compile(outputs: Readonly<Record<string, AnyArray>>, options: CompileOptions): Promise<Program> {
    const graph = new GraphLowering(options.fixed, operatorsOf(options.device)).graph(new Map(Object.entries(outputs)));
    const { stored, ...machine } = options;
    const model = encodeModel({ ...withStored(graph, stored), nodes: lastFirst(graph.nodes) });
    return new Program(openSession(model, stored === undefined ? machine : { ...machine, folder: stored.folder }));
  }

  get inputs(): readonly OnnxValue[] {
    return this.#session.inputs;
  }

  get outputs(): readonly OnnxValue[] {
    return this.#session.outputs;
  }

  /**
   * Computes the outputs named in `fetches` into their storage.
   *
   * @throws RangeError if a name is missing or left over, or a form differs
   */
  async run(feeds: Arrays, fetches: Arrays): Promise<void> {
    await this.#session.run(feeds, fetches);
  }

  /** Time of the runs up to now by operator; only for a program compiled with `profile`, and once. */
  takeProfile(): OperatorTime[] {
    return takeProfile(this.#session.endProfile());
  }

  release(): void {
    this.#session.release();
  }
}

/** What a graph is written in for a device. */
export function operatorsOf(device: Device): Operators {
  return device === "webgpu" ? "webgpu" : "runtime";
}

/**
 * The nodes for a session: last first.
 *
 * ONNX Runtime orders nodes by a depth-first walk back from the results that takes the later of two branches first, so how they are
 * written decides which arrays live at the same time. Forwards it starts branches before their results are needed.
 */
function lastFirst(nodes: readonly OnnxNode[]): OnnxNode[] {
  return [...nodes].reverse();
}

/** The graph with inputs that stand in files as constants there. */
function withStored(graph: OnnxGraph, stored: StoredInputs | undefined): OnnxGraph {
  if (stored === undefined) return graph;
  const placed = graph.inputs.map((value) => ({ value, place: stored.places.get(value.name) }));
  const constants = placed.flatMap(({ value, place }) => (place === undefined ? [] : [{ ...value, stored: place }]));
  const inputs = placed.flatMap(({ value, place }) => (place === undefined ? [value] : []));
  return { ...graph, inputs, initializers: [...graph.initializers, ...constants] };
}
