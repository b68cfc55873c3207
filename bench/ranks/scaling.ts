import { sliceCellsOf } from "../../src/ranks/ranked-sum.ts";

/** What was measured at two ranks, and on what. */
export interface ScalingBase {
  /** One rank's part of a step, without the sum over ranks. */
  readonly stepMs: number;
  /** The sum over two ranks in one machine's memory. */
  readonly reduceMs: number;
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
  readonly reduceMs: number;
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
  "compute and the handling of gradients grow with parameters, from those measured",
  `${fasterCompute} times as fast: computing alone, as on an accelerator; gradients are handled by a processor as it was measured`,
  "one rank per host; each sends 2 (n - 1) / n gradients of float32 at full line rate, both directions at once",
  "handling (adding, copying) as measured at two ranks in memory, times 2 (n - 1) / n; one subtree per rank",
  `each bucket costs 2 (n - 1) messages of ${messageMs} ms at every rank, one after the other; three buckets at a time would hide most of it`,
  "the sum begins when all micro-batches are done: nothing overlaps; no stragglers, no congestion",
] as const;

/** One step of data-parallel training under `assumptions`. */
export function scale(base: ScalingBase, { ranks, parameters, gigabitsPerSecond }: Cluster): Scaled {
  const larger = parameters / base.parameters;
  const travelling = (2 * (ranks - 1)) / ranks;
  const lineMs = (travelling * parameters * 32) / (gigabitsPerSecond * 1e6);
  const handlingMs = base.reduceMs * larger * travelling;
  const latencyMs = Math.ceil(parameters / (ranks * sliceCellsOf(ranks))) * 2 * (ranks - 1) * messageMs;
  const computeMs = base.stepMs * larger;
  const reduceMs = lineMs + handlingMs + latencyMs;
  const efficiencyOf = (ms: number) => ms / (ms + reduceMs);
  return {
    computeMs,
    reduceMs,
    efficiency: efficiencyOf(computeMs),
    fasterEfficiency: efficiencyOf(computeMs / fasterCompute),
  };
}
