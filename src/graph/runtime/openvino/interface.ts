import { InputError } from "../../../input-error.ts";
import { callOnThread, decode, type Foreign, openLibrary, struct } from "../foreign-library.ts";
import type { Address } from "../interface.ts";
import { openvinoLibraries } from "./folder.ts";

/** `ov_shape_t`, which is passed by value. */
const shape = struct({ rank: "int64_t", dims: "void *" });

/**
 * The parameters of each function. All return a status, 0 where it went well, except those under `plain`.
 *
 * @source openvino/c/*.h, which the package has in its folder `include`
 */
const table = {
  ov_core_create: ["void *"],
  ov_core_get_property: ["void *", "str", "str", "void *"],
  ov_core_read_model_from_memory_buffer: ["void *", "void *", "size_t", "void *", "void *"],
  ov_core_compile_model_props: ["void *", "void *", "str", "size_t", "void *", "void *"],
  ov_compiled_model_outputs_size: ["void *", "void *"],
  ov_compiled_model_input_by_name: ["void *", "str", "void *"],
  ov_compiled_model_output_by_index: ["void *", "size_t", "void *"],
  ov_compiled_model_create_infer_request: ["void *", "void *"],
  ov_const_port_get_shape: ["void *", "void *"],
  ov_port_get_element_type: ["void *", "void *"],
  ov_shape_free: ["void *"],
  ov_tensor_create_from_host_ptr: ["int", shape, "void *", "void *"],
  ov_infer_request_set_tensor_by_const_port: ["void *", "void *", "void *"],
  ov_infer_request_infer: ["void *"],
} as const;

const plain = {
  ov_get_last_err_msg: ["str"],
  ov_free: ["void", "void *"],
  ov_model_free: ["void", "void *"],
  ov_compiled_model_free: ["void", "void *"],
  ov_infer_request_free: ["void", "void *"],
  ov_output_const_port_free: ["void", "void *"],
  ov_tensor_free: ["void", "void *"],
} as const;

/** Sizes of an array, as they are passed. */
interface Shape {
  readonly rank: number;
  readonly dims: BigInt64Array;
}

type Argument = Address | NodeJS.ArrayBufferView | Shape | string | number | null;

const opened = openvinoLibraries().map((file) => openLibrary(file, "local"));
const found = new Map<string, Foreign>();
for (const [name, parameters] of Object.entries(table)) bind(name, "int", parameters);
for (const [name, [result, ...parameters]] of Object.entries(plain)) bind(name, result, parameters);

function bind(name: string, result: string, parameters: readonly Parameters<Foreign>[number][]): void {
  found.set(name, opened.at(-1)!.func(name, result, [...parameters]));
}

/** Calls a function and waits. @throws Error that names the function and carries OpenVINO's message */
export function openvino(name: keyof typeof table, ...values: Argument[]): void {
  accept(name, found.get(name)!(...values));
}

/** Calls a function on another thread; everything that its addresses point to must outlive the promise. */
export function openvinoElsewhere(name: keyof typeof table, ...values: Argument[]): Promise<void> {
  return callOnThread(found.get(name)!, values, (status: number) => accept(name, status));
}

/** The address that a function writes into its last parameter. */
export function ofOpenvino(name: keyof typeof table, ...values: Argument[]): Address {
  const out = new BigUint64Array(1);
  openvino(name, ...values, out);
  return out[0]!;
}

/** Gives back what `ofOpenvino` obtained. */
export function backToOpenvino(name: Exclude<keyof typeof plain, "ov_get_last_err_msg">, address: Address): void {
  found.get(name)!(address);
}

function accept(name: string, status: number): void {
  if (status === 0) return;
  const message: string = found.get("ov_get_last_err_msg")!() ?? "";
  throw new Error(`OpenVINO, ${name}: ${message.replace(/\s+/g, " ").trim()} (status ${status})`);
}

/** OpenVINO in this thread; it ends with the process. */
export const core: Address = ofOpenvino("ov_core_create");

/** @throws InputError where the processor multiplies no bfloat16: OpenVINO would compute in float32, without a word */
export function requireBfloat16(): void {
  const text = ofOpenvino("ov_core_get_property", core, "CPU", "OPTIMIZATION_CAPABILITIES");
  const able = decode.string(text).split(" ");
  backToOpenvino("ov_free", text);
  if (!able.includes("BF16"))
    throw new InputError(
      `bf16: expected a processor that multiplies bfloat16 (avx512_bf16 or amx_bf16), got one with ${able.join(" ")}; take float32`,
    );
}
