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
}

/** Between two hosts, of one message. */
export const messageMs = 0.02;

export const assumptions = [
  "weak scaling: every rank has the rows that a rank had when the step was measured",
  "compute and the handling of gradients grow with parameters, from those measured; accelerators compute faster: there the share of the sum is larger",
  "one rank per host; each sends 2 (n - 1) / n gradients of float32 at full line rate, both directions at once",
  "handling (adding, copying) as measured at two ranks in memory, times 2 (n - 1) / n; one subtree per rank",
  `each bucket costs 2 (n - 1) messages of ${messageMs} ms at every rank, one after the other; three buckets at a time would hide most of it`,
  "the sum begins when all micro-batches are done: nothing overlaps; no stragglers, no congestion",
] as const;

/** Cells of a bucket, over all ranks, as `RankedSum` cuts them. */
export function bucketCells(ranks: number): number {
  return ranks * Math.max(2 ** 15, Math.floor(2 ** 19 / ranks));
}

/** One step of data-parallel training under `assumptions`. */
export function scale(base: ScalingBase, { ranks, parameters, gigabitsPerSecond }: Cluster): Scaled {
  const larger = parameters / base.parameters;
  const travelling = (2 * (ranks - 1)) / ranks;
  const lineMs = (travelling * parameters * 32) / (gigabitsPerSecond * 1e6);
  const handlingMs = base.reduceMs * larger * travelling;
  const latencyMs = Math.ceil(parameters / bucketCells(ranks)) * 2 * (ranks - 1) * messageMs;
  const computeMs = base.stepMs * larger;
  const reduceMs = lineMs + handlingMs + latencyMs;
  return { computeMs, reduceMs, efficiency: computeMs / (computeMs + reduceMs) };
}
