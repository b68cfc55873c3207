import { InputError } from "../../input-error.ts";
import { encodeModel } from "../onnx.ts";
import { linkCuda } from "./cuda/libraries.ts";
import { environment } from "./environment.ts";
import { type Address, call, give, obtain, runtimeLibrary } from "./interface.ts";
import { Names } from "./names.ts";

/** Where a program runs. */
export type Device = "cpu" | "cuda" | "webgpu";

/** Whether programs of the device read and write arrays in its own memory (`DeviceArray`). */
export function keepsArrays(device: Device): boolean {
  return device === "cuda";
}

/**
 * Has the session's nodes run on the device.
 *
 * @throws InputError if the device or its libraries are not there: nothing falls back to the CPU unasked
 */
export function useDevice(sessionOptions: Address, device: Device): void {
  requireDevice(device);
  if (device !== "cpu") append(sessionOptions, device);
}

/** @throws InputError if the device or its libraries are not there */
export function requireDevice(device: Device): void {
  if (device === "cpu" || present.has(device)) return;
  probe(device);
  present.add(device);
}

const present = new Set<Device>();

type Accelerator = Exclude<Device, "cpu">;

/** The list of providers in the library says nothing about the machine: only a session with one node does. */
function probe(device: Accelerator): void {
  const options = obtain("CreateSessionOptions");
  try {
    if (device === "cuda") linkCuda(runtimeLibrary());
    append(options, device);
    call("AddSessionConfigEntry", options, "session.disable_cpu_ep_fallback", "1");
    give("ReleaseSession", obtain("CreateSessionFromArray", environment, oneNode, oneNode.byteLength, options));
  } catch (error) {
    throw new InputError(
      `--device ${device}: expected ${expectation(device)}, got ${oneLine(error)}; ${remedy[device]}`,
    );
  } finally {
    give("ReleaseSessionOptions", options);
  }
}

function append(sessionOptions: Address, device: Accelerator): void {
  if (device === "webgpu") {
    call("SessionOptionsAppendExecutionProvider", sessionOptions, "WebGPU", null, null, 0);
    return;
  }
  const options = obtain("CreateCUDAProviderOptions");
  try {
    const [keys, values] = [new Names(Object.keys(cudaOptions)), new Names(Object.values(cudaOptions))];
    call("UpdateCUDAProviderOptions", options, keys.pointers, values.pointers, keys.pointers.length);
    call("SessionOptionsAppendExecutionProvider_CUDA_V2", sessionOptions, options);
  } finally {
    give("ReleaseCUDAProviderOptions", options);
  }
}

/** By default products of float32 matrices have 10 bits of a number's 23: gradients would be off by 1e-3. */
const cudaOptions = { use_tf32: "0" } as const;

function oneLine(error: unknown): string {
  return String(error).replace(/\s+/g, " ").trim();
}

function expectation(device: Accelerator): string {
  return device === "cuda" ? "an NVIDIA GPU and the libraries of CUDA 13" : "a GPU that WebGPU can use";
}

const remedy = {
  cuda: 'bring the libraries by "armature doctor --install cuda" (Linux x64) or take --device cpu',
  webgpu: "install the GPU's Vulkan, Metal or Direct3D driver or take --device cpu",
} as const;

const oneNode = encodeModel({
  name: "probe",
  nodes: [{ operator: "Add", domain: "", inputs: ["x", "x"], outputs: ["y"], attributes: {} }],
  inputs: [{ name: "x", type: "float32", shape: [2] }],
  outputs: [{ name: "y", type: "float32", shape: [2] }],
  initializers: [],
});
