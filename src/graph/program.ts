import type { Arrays } from "./host-array.ts";
import { GraphLowering } from "./lowering.ts";
import { encodeModel, type OnnxNode, type OnnxValue } from "./onnx.ts";
import type { AnyArray } from "./operation.ts";
import { type OperatorTime, takeProfile } from "./profile.ts";
import type { Device } from "./runtime/device.ts";
import { openSession, type RuntimeSession } from "./runtime/session.ts";

export interface CompileOptions {
  readonly device: Device;
  /** Threads of the runtime inside one op. Bits depend on it. */
  readonly threads: number;
  /** Inputs whose values are fixed now: weights of a policy that only acts run faster so. */
  readonly fixed: Arrays;
  /** Where to write the time of each operator: the start of a file name. */
  readonly profile?: string;
}

/** A compiled graph with named inputs and outputs of static shape. */
export class Program {
  readonly #session: RuntimeSession;

  private constructor(session: RuntimeSession) {
    this.#session = session;
  }

  /** Compiles what leads to `outputs`. */
  static async compile(outputs: Readonly<Record<string, AnyArray>>, options: CompileOptions): Promise<Program> {
    const graph = new GraphLowering(options.fixed).graph(new Map(Object.entries(outputs)));
    return new Program(openSession(encodeModel({ ...graph, nodes: lastFirst(graph.nodes) }), options));
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

/**
 * The nodes for a session: last first.
 *
 * ONNX Runtime orders nodes by a depth-first walk back from the results that takes the later of two branches first, so how they are
 * written decides which arrays live at the same time. Forwards it starts branches before their results are needed.
 */
function lastFirst(nodes: readonly OnnxNode[]): OnnxNode[] {
  return [...nodes].reverse();
}
