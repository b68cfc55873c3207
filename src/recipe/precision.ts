import { z } from "zod";
import { type Precision, precisions } from "../graph/runtime/precision.ts";
import type { MomentForm } from "../optimizer/moment-form.ts";

export const precisionSchema = z.enum(precisions);

/** What a recipe says of its machine. */
interface MachineChoice {
  readonly device: string;
  readonly precision?: Precision | undefined;
}

/** What a recipe asks for that its device does not have. */
export function machineMisfits(recipe: MachineChoice & MomentChoice): Misfit[] {
  return [...precisionMisfits(recipe), ...momentMisfits(recipe)];
}

/** Moments in fewer bits than float32 are rounded by the host, which does not have those of a device. */
export function momentMisfits({ device, optimizer: { moments } }: MomentChoice): Misfit[] {
  if (moments === undefined || moments === "float32" || device === "cpu") return [];
  const message = `must be "float32" on the device "${device}", which keeps or updates them itself: those in ${moments} are the CPU's`;
  return [{ path: ["optimizer", "moments"], message }];
}

interface Misfit {
  readonly path: string[];
  readonly message: string;
}

interface MomentChoice {
  readonly device: string;
  readonly optimizer: { readonly moments?: MomentForm | undefined };
}

/** Precisions that the device does not have. */
export function precisionMisfits({ device, precision }: MachineChoice): Misfit[] {
  if (precision !== "bf16" || device !== "webgpu") return [];
  const message = `must be "float32" on the device "${device}": products in bf16 are the CPU's and a card's`;
  return [{ path: ["precision"], message }];
}
