import type { Device } from "../graph/runtime/device.ts";
import { requirePrecision } from "../graph/runtime/precision.ts";
import { InputError } from "../input-error.ts";

/**
 * What products of a policy that acts read of its weights: as they were trained, as 8-bit integers, or rounded to bfloat16 as the other factor
 * is.
 */
export const weightKinds = ["float32", "int8", "bf16"] as const;

export type WeightKind = (typeof weightKinds)[number];

/** Those that this machine has products of. */
export async function weightKindsHere(): Promise<WeightKind[]> {
  const here: WeightKind[] = [];
  for (const kind of weightKinds)
    try {
      await requireWeightKind(kind, { device: "cpu" });
      here.push(kind);
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
    }
  return here;
}

/** @throws InputError on a machine that has no such products, or not exactly */
export async function requireWeightKind(kind: WeightKind, { device }: { readonly device: Device }): Promise<void> {
  // Commands read the kinds, also where the runtime is missing.
  if (kind === "int8") await (await import("../graph/integer-check.ts")).refuseInexactIntegers({ device });
  if (kind !== "bf16") return;
  if (device !== "cpu")
    throw new InputError(`weights: expected "cpu" for products in bfloat16, got "${device}"; take float32`);
  await requirePrecision("bf16", "cpu");
}
