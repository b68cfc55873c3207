import { withoutBfloat16, withProductsInBfloat16 } from "./bfloat16.ts";
import { CheckedSession, computedSteadily, type DeviceCheck, isReference } from "./device-check.ts";
import { type Arrays, HostArray } from "./host-array.ts";
import { refuseInexactIntegers } from "./integer-check.ts";
import { GraphLowering, type IntegerWeights } from "./lowering.ts";
import { encodeModel, type OnnxGraph, type OnnxNode, type OnnxValue, type StoredPlace } from "./onnx.ts";
import type { AnyArray, Operators } from "./operation.ts";
import { checkOperators, computeBy, computeOn } from "./operator-check.ts";
import { type OperatorTime, takeProfile } from "./profile.ts";
import type { Device } from "./runtime/device.ts";
import type { Precision } from "./runtime/precision.ts";
import { openSession, type ProgramArrays, type ProgramSession } from "./runtime/session.ts";

export interface CompileOptions {
  readonly device: Device;
  /** Threads of the runtime inside one op. Bits depend on it. */
  readonly threads: number;
  /** Float32 where it is absent; in bf16 a program of the CPU is OpenVINO's, and one of a card the runtime's own. */
  readonly precision?: Precision | undefined;
  /** Runs that go side by side at most, each on so many threads; one where it is absent. In float32 all that are asked for do. */
  readonly lanes?: number | undefined;
  /** Inputs whose values are fixed now: weights of a policy that only acts run faster so. */
  readonly fixed: Arrays;
  /** Inputs whose values are fixed where they stand in files: the runtime reads them, and keeps what it has made of each. */
  readonly stored?: StoredInputs;
  /**
   * Inputs whose values are fixed where they stand in memory: the runtime reads them there, and keeps what it has made of each. They are
   * not to change, and stay where they are, while the program lives.
   */
  readonly standing?: Arrays;
  /** Fixed inputs that the program holds as 8-bit integers where they are matrices of products. */
  readonly integers?: IntegerWeights | undefined;
  /** Where to write the time of each operator: the start of a file name. */
  readonly profile?: string;
  /** "never": what runs elsewhere than the CPU in float32 is believed as it is, since another program like it was compared. */
  readonly check?: "never";
}

/** Inputs of a program that stand in files of float32 cells. */
export interface StoredInputs {
  readonly folder: string;
  readonly places: ReadonlyMap<string, StoredPlace>;
}

/** A compiled graph with named inputs and outputs of static shape. */
export class Program {
  /** The constants that stand in memory. */
  readonly standing: Arrays;
  readonly #session: ProgramSession;

  private constructor(session: ProgramSession, standing: Arrays) {
    this.#session = session;
    this.standing = standing;
  }

  /**
   * Compiles what leads to `outputs`. What runs on another device than the CPU, or in another precision than float32, is computed by the CPU in
   * float32 as well the first time it runs, and refused where both do not agree.
   *
   * @throws InputError where the device does not compute the products that are asked for
   */
  static async compile(outputs: Outputs, options: CompileOptions): Promise<Program> {
    const { session, standing } = await opened(outputs, options);
    if (isReference(options) || options.check === "never") return new Program(session, standing);
    const check = deviceCheck(outputs, options, standing);
    return new Program(new CheckedSession(session, check), standing);
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
  async run(feeds: ProgramArrays, fetches: ProgramArrays): Promise<void> {
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

type Outputs = Readonly<Record<string, AnyArray>>;

/** A program in a runtime's memory, and the constants that stand in ours. */
interface Opened {
  readonly session: ProgramSession;
  readonly standing: Arrays;
}

async function opened(outputs: Outputs, options: CompileOptions): Promise<Opened> {
  const { stored, standing = new Map(), integers, fixed, precision = "float32", check: _, ...machine } = options;
  if (precision === "bf16" && options.device === "cpu") return await openedInBfloat16(outputs, options);
  if (integers !== undefined) await refuseInexactIntegers(machine);
  const lowering = new GraphLowering(fixed, operatorsOf(options), integers);
  const { graph, matrices } = withoutMatrices(lowering.graph(new Map(Object.entries(outputs))));
  const read = [...standing].filter(([name]) => graph.inputs.some((input) => input.name === name));
  const constants = new Map([...read, ...matrices]);
  const places = new Map([...(stored?.places ?? []), ...placesInMemory(constants)]);
  const model = encodeModel({ ...withPlaces(graph, places), nodes: lastFirst(graph.nodes) });
  const folder = stored === undefined ? {} : { folder: stored.folder };
  return { session: openSession(model, { ...machine, ...folder, constants }), standing: new Map(read) };
}

async function openedInBfloat16(
  outputs: Outputs,
  { device, precision, threads, lanes = 1, fixed, standing = new Map(), stored, integers, profile }: CompileOptions,
): Promise<Opened> {
  if (device !== "cpu" || stored !== undefined || integers !== undefined || profile !== undefined)
    throw new Error('program: expected precision "bf16" on the CPU, without stored or integer weights and profile');
  const { openOpenvinoSession } = await import("./runtime/openvino/session.ts");
  const graph = new GraphLowering(fixed, operatorsOf({ device, precision })).graph(new Map(Object.entries(outputs)));
  const read = new Map([...standing].filter(([name]) => graph.inputs.some((input) => input.name === name)));
  return { session: openOpenvinoSession(graph, { threads, lanes, standing: read }), standing: read };
}

function deviceCheck(outputs: Outputs, options: CompileOptions, standing: Arrays): DeviceCheck {
  const { profile: _, ...rest } = options;
  const reference = { ...rest, device: "cpu", precision: "float32" } as const;
  const { stored, fixed, integers, threads } = options;
  const differing = async (feeds: Arrays, above: number, compute: Compute) => {
    const lowering = new GraphLowering(fixed, operatorsOf(options), integers);
    const graph = withoutBfloat16(lowering.graph(new Map(Object.entries(outputs))));
    // OpenVINO takes a tenth of a second to compile an operator.
    const alike = options.precision === "bf16" ? "patterns" : "shapes";
    const values = new Map([...feeds, ...standing]);
    return (await checkOperators(graph, values, { threads, above, alike, tried: new Set(), compute })).differing;
  };
  const operators = async (feeds: Arrays, above: number) => await differing(feeds, above, await computing(options));
  const unsteady = async (feeds: Arrays) => {
    const compute = await computing(options);
    return await differing(feeds, Number.MAX_VALUE, (graph, values) => computedSteadily(() => compute(graph, values)));
  };
  return {
    machine: options,
    reference: async () => (await opened(outputs, reference)).session,
    ...(stored === undefined ? { operators, unsteady } : { operators: null, unsteady: null }),
  };
}

type Compute = (graph: OnnxGraph, values: Arrays) => Promise<Arrays>;

/** How one operator of a graph is computed where the whole program is. */
async function computing(machine: CompileOptions): Promise<Compute> {
  const { device, threads } = machine;
  const own = { device, threads };
  if (machine.precision !== "bf16") return (graph, values) => computeOn(own, graph, values);
  if (device !== "cpu") return (graph, values) => computeOn(own, withProductsInBfloat16(graph), values);
  const { openOpenvinoSession } = await import("./runtime/openvino/session.ts");
  const options = { threads, lanes: 1, standing: new Map() };
  return (graph, values) => computeBy(openOpenvinoSession(withProductsInBfloat16(graph), options), values);
}

/** What a graph is written in for a machine. */
export function operatorsOf({ device, precision }: Pick<CompileOptions, "device" | "precision">): Operators {
  if (device === "cuda") return precision === "bf16" ? "cuda in bfloat16" : "cuda";
  if (precision === "bf16") return "bfloat16";
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

/** Integers of many weights would be in memory three times while a model with them in it is read, which ends at 2 GiB as well. */
function withoutMatrices(graph: OnnxGraph): { readonly graph: OnnxGraph; readonly matrices: Arrays } {
  const isMatrix = ({ type, shape }: OnnxValue) => type === "int8" && shape.length === 2;
  const matrices = graph.initializers.flatMap((one) =>
    isMatrix(one) && "cells" in one && one.cells instanceof Int8Array
      ? [[one.name, new HostArray("i j", one.shape, "int8", one.cells)] as const]
      : [],
  );
  const values = graph.initializers.filter(isMatrix).map(({ name, type, shape }) => ({ name, type, shape }));
  const inputs = [...graph.inputs, ...values];
  const initializers = graph.initializers.filter((one) => !isMatrix(one));
  return { graph: { ...graph, inputs, initializers }, matrices: new Map(matrices) };
}

/** Where a model says that constants stand which the session is given: a model knows of files alone. */
function placesInMemory(constants: Arrays): [string, StoredPlace][] {
  return [...constants].map(([name, { cells }]) => [name, { file: "memory", offset: 0, length: cells.byteLength }]);
}

/** The graph with inputs that stand elsewhere as constants there. */
function withPlaces(graph: OnnxGraph, places: ReadonlyMap<string, StoredPlace>): OnnxGraph {
  const placed = graph.inputs.map((value) => ({ value, place: places.get(value.name) }));
  const constants = placed.flatMap(({ value, place }) => (place === undefined ? [] : [{ ...value, stored: place }]));
  const inputs = placed.flatMap(({ value, place }) => (place === undefined ? [value] : []));
  return { ...graph, inputs, initializers: [...graph.initializers, ...constants] };
}
