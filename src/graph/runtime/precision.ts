import { InputError } from "../../input-error.ts";
import type { Device } from "./device.ts";

/** In what products of float32 matrices are computed; all else stays float32. */
export const precisions = ["float32", "bf16"] as const;

export type Precision = (typeof precisions)[number];

/** @throws InputError where the device multiplies no bfloat16, or on the CPU OpenVINO is not there */
export async function requirePrecision(precision: Precision, device: Device): Promise<void> {
  if (precision === "float32" || device === "cuda") return;
  if (device === "webgpu")
    throw new InputError("--precision bf16: expected --device cpu or cuda, got webgpu; take --precision float32");
  (await import("./openvino/interface.ts")).requireBfloat16();
}
