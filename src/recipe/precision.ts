import { z } from "zod";
import { type Precision, precisions } from "../graph/runtime/precision.ts";

export const precisionSchema = z.enum(precisions);

/** What a recipe says of its machine. */
interface MachineChoice {
  readonly device: string;
  readonly precision?: Precision | undefined;
}

/** Precisions that the device does not have. */
export function precisionMisfits({ device, precision }: MachineChoice): { path: string[]; message: string }[] {
  if (precision !== "bf16" || device !== "webgpu") return [];
  const message = `must be "float32" on the device "${device}": products in bf16 are the CPU's and a card's`;
  return [{ path: ["precision"], message }];
}
