import { actionWindow, type EpisodeClock, observationWindow } from "../dataset/chunk.ts";
import type { Frames } from "../mixture/frames.ts";
import { type Draw, draw } from "../mixture/sampler.ts";
import { validationDraws } from "../mixture/validation.ts";
import type { TargetOptions } from "../objective/target.ts";
import { type Plan, readingOf } from "../recipe/plan.ts";

/** Which samples the audit looks at. */
export interface AuditChoice {
  readonly purpose: TargetOptions["purpose"];
  readonly batches: number;
  /** In each micro-batch. */
  readonly samples: number;
  /** Which samples may be taken. */
  readonly isWanted: (draw: Draw) => boolean;
}

/** How many draws of training are looked through for those near the ends of episodes. */
const looked = 4096;

/**
 * Samples of the user's mixture, by micro-batch: of the stream that training draws, or of the held-out ones.
 *
 * The members that were taken least come next. In each micro-batch one sample's actions cross the end of an episode and one's
 * history crosses the start, where there are such. A function of recipe and data alone.
 */
export function auditDraws(plan: Plan, { purpose, batches, samples, isWanted }: AuditChoice): Draw[][] {
  const queues = queuesOf(plan, purpose, isWanted);
  if (queues.length === 0) return [];
  return Array.from({ length: batches }, () => {
    const rarest = queues.toSorted((one, other) => one.taken - other.taken);
    const chosen = Array.from({ length: samples }, (_, at) => rarest[at % rarest.length]!);
    const atEnd = chosen.findIndex(({ ends }) => ends.length > 0);
    const atStart = chosen.findIndex(({ starts }, at) => at !== atEnd && starts.length > 0);
    return chosen.map((queue, at) =>
      next(queue, at === atEnd ? queue.ends : at === atStart ? queue.starts : queue.all),
    );
  });
}

/** The draws of one member, and how many have been taken. */
interface Queue {
  readonly all: readonly Draw[];
  /** Whose actions cross the end of their episode. */
  readonly ends: readonly Draw[];
  /** Whose history crosses the start of their episode. */
  readonly starts: readonly Draw[];
  taken: number;
}

function queuesOf(plan: Plan, purpose: AuditChoice["purpose"], isWanted: AuditChoice["isWanted"]): Queue[] {
  const { mixture } = plan;
  const stream =
    purpose === "training"
      ? Array.from({ length: looked }, (_, n) => draw(mixture.seed, mixture.members, n))
      : validationDraws(mixture, "all");
  return [...Map.groupBy(stream.filter(isWanted), ({ member }) => member)].map(([member, all]) => {
    const hasTarget = mixture.members[member]!.embodiment.target === "actions";
    const near = (crosses: (plan: Plan, draw: Draw, clock: EpisodeClock) => boolean) =>
      all.filter((one) => crosses(plan, one, clockOf(plan, one, purpose)));
    return { all, ends: hasTarget ? near(crossesEnd) : [], starts: near(crossesStart), taken: 0 };
  });
}

function next(queue: Queue, of: readonly Draw[]): Draw {
  return of[queue.taken++ % of.length]!;
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
