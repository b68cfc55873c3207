import { evenlySpaced } from "./evenly-spaced.ts";
import { type Frames, frameCount, locate } from "./frames.ts";
import type { Mixture } from "./mixture.ts";
import type { Draw } from "./sampler.ts";

/**
 * The held-out samples in the order in which they are validated: by dataset, control mode, episode and frame.
 *
 * @param framesPerMember at most this many of each member, evenly spaced over all its held-out frames; "all" of them otherwise
 */
export function validationDraws(mixture: Mixture, framesPerMember: number | "all"): Draw[] {
  const order = mixture.members
    .map(({ dataset, controlMode, validation }, member) => ({ dataset, controlMode, member, validation }))
    .sort((a, b) => a.dataset - b.dataset || a.controlMode - b.controlMode);
  return order.flatMap(({ member, validation }) =>
    spread(validation, framesPerMember).map((number) => ({ member, ...locate(validation, number), draw: 0 })),
  );
}

/** Draws as whole micro-batches of a size; the last may hold fewer. */
export function microBatches<T>(draws: readonly T[], size: number): T[][] {
  const count = Math.ceil(draws.length / size);
  return Array.from({ length: count }, (_, at) => draws.slice(at * size, (at + 1) * size));
}

function spread(frames: Frames, limit: number | "all"): number[] {
  const total = frameCount(frames);
  return evenlySpaced(total, limit === "all" ? total : limit);
}
