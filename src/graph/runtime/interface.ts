import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { InputError } from "../../input-error.ts";
import { callOnThread, decode, type Foreign, openLibrary, proto } from "./foreign-library.ts";

/** An address in memory as koffi passes it. */
export type Address = bigint;

/** How names of files are passed. */
const path = process.platform === "win32" ? "str16" : "str";

/**
 * Place in the table of functions (`OrtApi`, append-only: a place never changes) and the parameters of each one.
 *
 * All return a status, null where it went well, except those under `plain`. Pointers are addresses or typed arrays.
 *
 * @source onnxruntime/core/session/onnxruntime_c_api.h
 */
const table = {
  CreateEnv: [3, "int", "str", "void *"],
  CreateSession: [7, "void *", path, "void *", "void *"],
  CreateSessionFromArray: [8, "void *", "void *", "size_t", "void *", "void *"],
  Run: [9, "void *", "void *", "void *", "void *", "size_t", "void *", "size_t", "void *"],
  CreateSessionOptions: [10, "void *"],
  SetSessionExecutionMode: [13, "void *", "int"],
  EnableProfiling: [14, "void *", path],
  DisableMemPattern: [17, "void *"],
  SetIntraOpNumThreads: [24, "void *", "int"],
  SetInterOpNumThreads: [25, "void *", "int"],
  SessionGetInputCount: [30, "void *", "void *"],
  SessionGetOutputCount: [31, "void *", "void *"],
  SessionGetInputTypeInfo: [33, "void *", "size_t", "void *"],
  SessionGetOutputTypeInfo: [34, "void *", "size_t", "void *"],
  SessionGetInputName: [36, "void *", "size_t", "void *", "void *"],
  SessionGetOutputName: [37, "void *", "size_t", "void *", "void *"],
  CreateTensorWithDataAsOrtValue: [49, "void *", "void *", "size_t", "void *", "size_t", "int", "void *"],
  CastTypeInfoToTensorInfo: [55, "void *", "void *"],
  GetTensorElementType: [60, "void *", "void *"],
  GetDimensionsCount: [61, "void *", "void *"],
  GetDimensions: [62, "void *", "void *", "size_t"],
  CreateMemoryInfo: [68, "str", "int", "int", "int", "void *"],
  CreateCpuMemoryInfo: [69, "int", "int", "void *"],
  AllocatorFree: [76, "void *", "void *"],
  GetAllocatorWithDefaultOptions: [78, "void *"],
  SessionEndProfiling: [110, "void *", "void *", "void *"],
  AddSessionConfigEntry: [130, "void *", "str", "str"],
  CreateAndRegisterAllocator: [144, "void *", "void *", "void *"],
  AddInitializer: [150, "void *", "str", "void *"],
  CreateArenaCfg: [156, "size_t", "int", "int", "int", "void *"],
  SessionOptionsAppendExecutionProvider_CUDA_V2: [204, "void *", "void *"],
  CreateCUDAProviderOptions: [205, "void *"],
  UpdateCUDAProviderOptions: [206, "void *", "void *", "void *", "size_t"],
  AddExternalInitializers: [210, "void *", "void *", "void *", "size_t"],
  SessionOptionsAppendExecutionProvider: [216, "void *", "str", "void *", "void *", "size_t"],
} as const;

const plain = {
  GetErrorMessage: [2, "str", "void *"],
  ReleaseStatus: [93, "void", "void *"],
  ReleaseSession: [95, "void", "void *"],
  ReleaseValue: [96, "void", "void *"],
  ReleaseTypeInfo: [98, "void", "void *"],
  ReleaseSessionOptions: [100, "void", "void *"],
  ReleaseArenaCfg: [157, "void", "void *"],
  ReleaseCUDAProviderOptions: [208, "void", "void *"],
} as const;

type Argument = Address | NodeJS.ArrayBufferView | string | number | null;

/** Oldest version of the table that has every function above (ONNX Runtime 1.17). */
const tableVersion = 17;

const base: Address = openRuntime().func("OrtGetApiBase", "void *", [])();
const pointerSize = 8;

/** Version of the runtime, such as `"1.30.0"`. */
const version: string = decode(decode(base, pointerSize, "void *"), proto("str", []))();

const functions: Address | null = decode(decode(base, "void *"), proto("void *", ["uint32_t"]))(tableVersion);
if (functions === null)
  throw new Error(`onnxruntime ${version}: expected its C API in version ${tableVersion}; run "npm ci"`);

const found = new Map<string, Foreign>();
for (const [name, [place, ...parameters]] of Object.entries(table)) bind(name, place, "void *", parameters);
for (const [name, [place, result, ...parameters]] of Object.entries(plain)) bind(name, place, result, parameters);

function bind(name: string, place: number, result: string, parameters: string[]): void {
  found.set(name, decode(decode(functions, place * pointerSize, "void *"), proto(result, parameters)));
}

/** The library of the runtime that `onnxruntime-node` bundles for this machine. */
export function runtimeLibrary(): string {
  const { platform, arch } = process;
  const files: Readonly<Record<string, string>> = { linux: "libonnxruntime.so.1", darwin: "libonnxruntime.1.dylib" };
  const folder = dirname(createRequire(import.meta.url).resolve("onnxruntime-node/package.json"));
  return join(folder, "bin/napi-v6", platform, arch, files[platform] ?? "onnxruntime.dll");
}

function openRuntime(): ReturnType<typeof openLibrary> {
  const { platform, arch } = process;
  try {
    return openLibrary(runtimeLibrary(), "local");
  } catch (error) {
    const [reason] = String(error).split("\n", 1);
    const found = `expected the runtime for ${platform} on ${arch} in the package onnxruntime-node, got ${reason}`;
    throw new InputError(`onnxruntime: ${found}; install the package anew, or use a machine that it is made for`);
  }
}

/** Calls a function of the table and waits. @throws Error that names the function and carries the runtime's message */
export function call(name: keyof typeof table, ...values: Argument[]): void {
  accept(name, found.get(name)!(...values));
}

/** Calls a function of the table on another thread; everything that its addresses point to must outlive the promise. */
export function callElsewhere(name: keyof typeof table, ...values: Argument[]): Promise<void> {
  return callOnThread(found.get(name)!, values, (status: Address | null) => accept(name, status));
}

/** The address that a function of the table writes into its last parameter. */
export function obtain(name: keyof typeof table, ...values: Argument[]): Address {
  const out = new BigUint64Array(1);
  call(name, ...values, out);
  return out[0]!;
}

/** Gives back what `obtain` obtained. */
export function give(name: Exclude<keyof typeof plain, "GetErrorMessage">, address: Address): void {
  found.get(name)!(address);
}

function accept(name: string, status: Address | null): void {
  if (status === null) return;
  const message: string = found.get("GetErrorMessage")!(status);
  give("ReleaseStatus", status);
  throw new Error(`onnxruntime ${version}, ${name}: ${message}`);
}
