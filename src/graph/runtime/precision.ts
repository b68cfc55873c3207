/** In what products of float32 matrices are computed; all else stays float32. */
export const precisions = ["float32", "bf16"] as const;

export type Precision = (typeof precisions)[number];

/** @throws InputError where OpenVINO is not there, or the processor multiplies no bfloat16 */
export async function requirePrecision(precision: Precision): Promise<void> {
  if (precision === "bf16") (await import("./openvino/interface.ts")).requireBfloat16();
}
