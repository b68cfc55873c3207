import { sliceCellsOf } from "../../src/ranks/ranked-sum.ts";

/** What was measured at two ranks, and on what. */
export interface ScalingBase {
  /** One rank's part of a step, without what goes between ranks. */
  readonly stepMs: number;
  /** The sum of gradients over two ranks in one machine's memory, and the new weights of each sent to the other. */
  readonly betweenMs: number;
  readonly parameters: number;
}

/** Ranks that a step is simulated on. */
export interface Cluster {
  readonly ranks: number;
  readonly parameters: number;
  readonly gigabitsPerSecond: number;
}

export interface Scaled {
  readonly computeMs: number;
  readonly betweenMs: number;
  /** Share of the step in which ranks compute. */
  readonly efficiency: number;
  /** The same where they compute `fasterCompute` times as fast. */
  readonly fasterEfficiency: number;
}

/** Between two hosts, of one message. */
export const messageMs = 0.02;

/** What an accelerator makes of a step. */
export const fasterCompute = 100;

export const assumptions = [
  "weak scaling: every rank has the rows that a rank had when the step was measured",
  "compute and the handling of gradients and weights grow with parameters, from those measured; of more ranks each updates less than the half that was measured",
  `${fasterCompute} times as fast: computing alone, as on an accelerator; gradients and weights are handled by a processor as it was measured`,
  "one rank per host; each sends 2 (n - 1) / n gradients and (n - 1) / n sets of weights of float32 at full line rate, both directions at once",
  "handling (adding, copying) as measured at two ranks in memory, times 2 (n - 1) / n; one subtree per rank",
  `each bucket costs 2 (n - 1) messages of ${messageMs} ms at every rank, one after the other, and weights n - 1 more; three buckets at a time would hide most of it`,
  "the sum begins when all micro-batches are done: nothing overlaps; no stragglers, no congestion",
] as const;

/** One step of data-parallel training under `assumptions`. */
export function scale(base: ScalingBase, { ranks, parameters, gigabitsPerSecond }: Cluster): Scaled {
  const larger = parameters / base.parameters;
  const elsewhere = (ranks - 1) / ranks;
  const lineMs = (3 * elsewhere * parameters * 32) / (gigabitsPerSecond * 1e6);
  const handlingMs = base.betweenMs * larger * 2 * elsewhere;
  const messages = (2 * Math.ceil(parameters / (ranks * sliceCellsOf(ranks))) + 1) * (ranks - 1);
  const computeMs = base.stepMs * larger;
  const betweenMs = lineMs + handlingMs + messages * messageMs;
  const efficiencyOf = (ms: number) => ms / (ms + betweenMs);
  return {
    computeMs,
    betweenMs,
    efficiency: efficiencyOf(computeMs),
    fasterEfficiency: efficiencyOf(computeMs / fasterCompute),
  };
}
