import { readsEarlierOnly } from "../policy/stream.ts";
import type { ActionSamplerOptions } from "./sample.ts";

/** Kernels of products take rows in fours; the rows that are left over go through others, with other last bits. */
const rowsAtATime = 4;

/**
 * The same sampler for the first steps of each chunk alone: it computes no others where that leaves these as they are, to the bit.
 *
 * A step must read earlier ones only. The number of steps is rounded up, so that each meets the kernels that it meets in a whole
 * chunk. Weights that are fed to several threads are multiplied by a kernel that the number of rows decides, and nothing is known
 * of the kernels of other devices: there, as where steps read later ones, all steps are computed.
 *
 * @param needed how many steps of a chunk are carried out, at most
 * @throws RangeError if a chunk has not so many
 */
export function forFirstSteps(options: ActionSamplerOptions, needed: number): ActionSamplerOptions {
  const { setting, placement, machine } = options;
  const { form, layout, rules } = setting;
  const { horizon } = form.head;
  if (!Number.isInteger(needed) || needed < 1 || needed > horizon)
    throw new RangeError(`forFirstSteps: expected 1 to ${horizon} steps, got ${needed}`);
  // What is left of the chunk before speaks of later steps as well, and they have a part in the correction of earlier ones.
  if (setting.chunking?.kind === "guided") return options;
  // An answer is said to its end: its first tokens are of every step.
  if (form.head.kind === "none") return options;
  const areKernelsKnown = machine.device === "cpu" && (placement === "written" || machine.threads === 1);
  if (!areKernelsKnown || !readsEarlierOnly(rules, form.head.actionSight)) return options;
  const steps = Math.min(horizon, Math.ceil(needed / rowsAtATime) * rowsAtATime);
  return { ...options, setting: { ...setting, layout: { ...layout, steps } } };
}
