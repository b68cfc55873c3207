import { actionWindow, type EpisodeClock, observationWindow } from "../dataset/chunk.ts";
import type { Frames } from "../mixture/frames.ts";
import { type Draw, draw } from "../mixture/sampler.ts";
import { validationDraws } from "../mixture/validation.ts";
import type { TargetOptions } from "../training/micro-batch.ts";
import { type Plan, readingOf } from "../training/plan.ts";

/** Which samples the audit looks at. */
export interface AuditChoice {
  readonly purpose: TargetOptions["purpose"];
  readonly batches: number;
  /** In each micro-batch. */
  readonly samples: number;
}

/** How many draws of training are looked through for those near the ends of episodes. */
const looked = 4096;

/**
 * Samples of the user's mixture, by micro-batch: of the stream that training draws, or of the held-out ones.
 *
 * In each micro-batch one sample's actions cross the end of an episode and one's history crosses the start, where there are
 * such; the others come from the members that were taken least. A function of recipe and data alone.
 */
export function auditDraws(plan: Plan, { purpose, batches, samples }: AuditChoice): Draw[][] {
  const { mixture } = plan;
  const stream =
    purpose === "training"
      ? Array.from({ length: looked }, (_, n) => draw(mixture.seed, mixture.members, n))
      : validationDraws(mixture, "all");
  if (stream.length === 0) return [];
  const near = [crossesEnd, crossesStart].map((crosses) =>
    evenly(
      stream.filter((one) => crosses(plan, one, clockOf(plan, one, purpose))),
      batches,
    ),
  );
  const queues = [...Map.groupBy(stream, ({ member }) => member).values()].map((draws) => ({ draws, taken: 0 }));
  return Array.from({ length: batches }, (_, at) => {
    const chosen = near.flatMap((found) => found.slice(at, at + 1)).slice(0, samples);
    for (const { member } of chosen) queues.find(({ draws }) => draws[0]!.member === member)!.taken++;
    while (chosen.length < samples) {
      const rarest = queues.reduce((least, queue) => (queue.taken < least.taken ? queue : least));
      chosen.push(rarest.draws[rarest.taken++ % rarest.draws.length]!);
    }
    return chosen;
  });
}

function crossesEnd({ recipe }: Plan, { frame }: Draw, clock: EpisodeClock): boolean {
  const steps = recipe.policy.actionHorizon;
  const { rate } = readingOf(recipe);
  return actionWindow(clock, frame, { steps, stepsPerSecond: rate }).real.count < steps;
}

function crossesStart({ recipe }: Plan, { frame }: Draw, clock: EpisodeClock): boolean {
  const { slots } = recipe.policy.history;
  const { rate, interval } = readingOf(recipe);
  const apart = rate === "native" ? { frames: interval } : { seconds: interval / rate };
  return observationWindow(clock, frame, { slots, interval: apart }).real.count < slots;
}

function clockOf({ mixture }: Plan, { member, episode }: Draw, purpose: AuditChoice["purpose"]): EpisodeClock {
  const { framesPerSecond, train, validation } = mixture.members[member]!;
  return { framesPerSecond, length: lengthOf(purpose === "training" ? train : validation, episode) };
}

function lengthOf({ episodes, starts }: Frames, episode: number): number {
  const at = episodes.indexOf(episode);
  return starts[at + 1]! - starts[at]!;
}

/** Some of a list, evenly spaced; again from the start where it is too short, none of an empty one. */
function evenly<T>(list: readonly T[], count: number): T[] {
  if (list.length === 0) return [];
  const step = Math.max(1, Math.floor(list.length / count));
  return Array.from({ length: count }, (_, at) => list[(at * step) % list.length]!);
}
