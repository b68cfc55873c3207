import type { DataType } from "../../host-array.ts";
import { encodeModel, type OnnxGraph, type OnnxValue } from "../../onnx.ts";
import { address, decode } from "../foreign-library.ts";
import type { Address } from "../interface.ts";
import { checkArrays, refuseSharedMemory } from "../match.ts";
import type { ProgramSession } from "../session.ts";
import type { AnyHostArray } from "../value.ts";
import { backToOpenvino, core, ofOpenvino, openvino, openvinoElsewhere, requireBfloat16 } from "./interface.ts";

/** What a program is compiled for. */
export interface OpenvinoOptions {
  /** Of one run. */
  readonly threads: number;
  /** Runs that go side by side at most. */
  readonly lanes: number;
  /** Inputs whose values stand in memory: the program reads them there at each run. */
  readonly standing: ReadonlyMap<string, AnyHostArray>;
}

/**
 * A program compiled by OpenVINO, which multiplies bfloat16 where a graph is written so; all else it computes in the graph's own types.
 *
 * @param graph of static shapes
 * @throws InputError where the processor multiplies no bfloat16
 * @throws Error with OpenVINO's message if it refuses the model
 */
export function openOpenvinoSession(graph: OnnxGraph, options: OpenvinoOptions): ProgramSession {
  requireBfloat16();
  const bytes = encodeModel(graph);
  const model = ofOpenvino("ov_core_read_model_from_memory_buffer", core, bytes, bytes.byteLength, null);
  try {
    const { pointers } = new Settings(options);
    const program = ofOpenvino("ov_core_compile_model_props", core, model, "CPU", pointers.length / 2, pointers);
    return new OpenvinoSession(graph, program, options);
  } finally {
    backToOpenvino("ov_model_free", model);
  }
}

/** A place where a program takes or gives an array. */
interface Port extends OnnxValue {
  readonly port: Address;
}

class OpenvinoSession implements ProgramSession {
  readonly inputs: readonly Port[];
  readonly outputs: readonly Port[];
  readonly #program: Address;
  readonly #standing: readonly (readonly [port: Address, array: AnyHostArray])[];
  readonly #requests: readonly Address[];
  /** Requests that no run has. */
  readonly #idle: Address[];
  /** Runs that wait for one, in the order in which they were asked for. */
  readonly #waiting: ((request: Address) => void)[] = [];
  #running = 0;
  #released = false;

  /** Takes over a compiled program of OpenVINO's. */
  constructor(graph: OnnxGraph, program: Address, { lanes, standing }: OpenvinoOptions) {
    const count = new BigUint64Array(1);
    openvino("ov_compiled_model_outputs_size", program, count);
    if (Number(count[0]) !== graph.outputs.length)
      throw new Error(`OpenVINO: expected ${graph.outputs.length} outputs of "${graph.name}", got ${count[0]}`);
    this.#program = program;
    const inputs = graph.inputs.map((value) => ({
      ...value,
      port: ofOpenvino("ov_compiled_model_input_by_name", program, value.name),
    }));
    this.inputs = inputs.filter(({ name }) => !standing.has(name));
    this.#standing = inputs.flatMap(({ name, port }) => {
      const array = standing.get(name);
      return array === undefined ? [] : [[port, array] as const];
    });
    // By place: of one array under two names OpenVINO finds by either name the first place alone.
    this.outputs = graph.outputs.map(({ name }, at) => {
      const port = ofOpenvino("ov_compiled_model_output_by_index", program, at);
      return { name, ...formOf(name, port), port };
    });
    this.#requests = Array.from({ length: lanes }, () => ofOpenvino("ov_compiled_model_create_infer_request", program));
    this.#idle = [...this.#requests];
  }

  /** As ONNX Runtime's session runs; where more runs are asked for at once than there are lanes, they follow one another. */
  async run(feeds: ReadonlyMap<string, AnyHostArray>, fetches: ReadonlyMap<string, AnyHostArray>): Promise<void> {
    if (this.#released) throw new Error("Session.run: the session was released");
    checkArrays("feed", this.inputs, feeds);
    checkArrays("fetch", this.outputs, fetches);
    refuseSharedMemory(feeds, fetches);
    this.#running++;
    const request = await this.#taken();
    try {
      await this.#compute(request, feeds, fetches);
    } finally {
      this.#giveBack(request);
      this.#running--;
      this.#closeIfDone();
    }
  }

  release(): void {
    if (this.#released) return;
    this.#released = true;
    this.#closeIfDone();
  }

  endProfile(): string {
    throw new Error("Session.endProfile: expected a program in float32, got one in bf16, which keeps no profile");
  }

  async #taken(): Promise<Address> {
    return this.#idle.pop() ?? (await new Promise<Address>((resolve) => this.#waiting.push(resolve)));
  }

  #giveBack(request: Address): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#idle.push(request);
    else next(request);
  }

  async #compute(
    request: Address,
    feeds: ReadonlyMap<string, AnyHostArray>,
    fetches: ReadonlyMap<string, AnyHostArray>,
  ): Promise<void> {
    for (const [port, array] of this.#standing) place(request, port, array);
    for (const { name, port } of this.inputs) place(request, port, feeds.get(name)!);
    for (const { name, port } of this.outputs) place(request, port, fetches.get(name)!);
    await openvinoElsewhere("ov_infer_request_infer", request);
  }

  #closeIfDone(): void {
    if (!this.#released || this.#running > 0) return;
    const fed = [...this.inputs, ...this.outputs].map(({ port }) => port);
    for (const port of [...fed, ...this.#standing.map(([port]) => port)])
      backToOpenvino("ov_output_const_port_free", port);
    for (const request of this.#requests) backToOpenvino("ov_infer_request_free", request);
    backToOpenvino("ov_compiled_model_free", this.#program);
  }
}

/** The program reads and writes the array's very cells. */
function place(request: Address, port: Address, { type, shape, cells }: AnyHostArray): void {
  const dims = BigInt64Array.from(shape, BigInt);
  // An empty array may have no address.
  const memory = address(cells.byteLength === 0 ? nowhere : cells);
  const tensor = ofOpenvino("ov_tensor_create_from_host_ptr", elementTypes[type], { rank: shape.length, dims }, memory);
  try {
    openvino("ov_infer_request_set_tensor_by_const_port", request, port, tensor);
  } finally {
    backToOpenvino("ov_tensor_free", tensor);
  }
}

const nowhere = new Float64Array(1);

/** Numbers by which OpenVINO's C API calls data types. @source openvino/c/ov_common.h, `ov_element_type_e` */
const elementTypes = {
  bool: 1,
  float32: 4,
  float64: 5,
  int8: 7,
  int32: 9,
  int64: 10,
  uint8: 16,
} as const satisfies Record<DataType, number>;

const dataTypes = new Map<number, DataType>(
  (["bool", "float32", "float64", "int8", "int32", "int64", "uint8"] as const).map((type) => [
    elementTypes[type],
    type,
  ]),
);

function formOf(name: string, port: Address): Omit<OnnxValue, "name"> {
  const element = new Int32Array(1);
  openvino("ov_port_get_element_type", port, element);
  const type = dataTypes.get(element[0]!);
  if (type === undefined)
    throw new Error(`OpenVINO: expected "${name}" in a type of ours, got its number ${element[0]}`);
  const found = new BigInt64Array(2);
  openvino("ov_const_port_get_shape", port, found);
  const [rank, sizes] = [Number(found[0]), BigInt.asUintN(64, found[1]!)];
  const shape = Array.from({ length: rank }, (_, at) => Number(decode(sizes, at * 8, "int64_t")));
  openvino("ov_shape_free", found);
  return { type, shape };
}

/** How programs are compiled, as C takes it: addresses of texts that end with a zero byte, key and value in turn. */
class Settings {
  readonly pointers: BigUint64Array;
  readonly #texts: readonly Uint8Array[];

  constructor({ threads, lanes }: OpenvinoOptions) {
    const settings = {
      // What is not written as bfloat16 stays as it is.
      INFERENCE_PRECISION_HINT: "f32",
      INFERENCE_NUM_THREADS: String(threads * lanes),
      NUM_STREAMS: String(lanes),
      // Threads that are bound to cores wait where others use these.
      ENABLE_CPU_PINNING: "NO",
    };
    this.#texts = Object.entries(settings)
      .flat()
      .map((text) => new TextEncoder().encode(`${text}\0`));
    this.pointers = BigUint64Array.from(this.#texts, (text) => address(text));
  }
}
