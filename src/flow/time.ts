import { HostArray } from "../graph/host-array.ts";
import type { Stream } from "../graph/random.ts";
import type { SampleKey } from "./noise.ts";

/** Where on the flow's path noise stands: time 1 in π0 and openpi, time 0 in GR00T. */
export const timeDirections = ["noise-at-one", "noise-at-zero"] as const;

export type TimeDirection = (typeof timeDirections)[number];

/** The time of data: the other end of the path. */
export function timeOfData(direction: TimeDirection): 0 | 1 {
  return direction === "noise-at-one" ? 0 : 1;
}

/**
 * Where noise stands, and which times training draws: 0.999 of the way (π0, GR00T N1.6 and N1.7) or, `from before zero`, all of it and a
 * thousandth before (N1.5).
 */
export type FlowTimes =
  | { readonly timeDirection: "noise-at-one" }
  | { readonly timeDirection: "noise-at-zero"; readonly times: "from zero" | "from before zero" };

/**
 * How the time of the flow becomes numbers, `[b t e]`.
 *
 * `continuous`: sines and cosines of the time itself. `buckets`: of the thousandth that it lies in, twice: for the tokens of the
 * actions, then for the condition of the norms.
 */
export type TimeEmbedding =
  | { readonly kind: "continuous"; readonly width: number }
  | { readonly kind: "buckets"; readonly tokens: number; readonly condition: number };

/** Numbers that stand for one time. */
export function timeWidth(embedding: TimeEmbedding): number {
  return embedding.kind === "continuous" ? embedding.width : embedding.tokens + embedding.condition;
}

/**
 * A time of the flow for training, more often near the noise: with β from Beta(1.5, 1), `0.999 · β + 0.001` where noise stands at
 * one, so in `[0.001, 1]`; where it stands at zero `0.999 · (1 − β)`, so in `[0, 0.999]`, or `(0.999 − β) / 0.999`, so in
 * `[−0.00101, 1]`.
 *
 * @param random a stream named for times
 * @source openpi `pi0.py` `compute_loss`; GR00T N1.6 and N1.5 `sample_time`; Beta(1.5, 1) = U^(1/1.5)
 */
export function sampleTime(random: Stream, { frame, episode, draw }: SampleKey, flow: FlowTimes): number {
  const beta = random.uniform(0, frame, episode, draw) ** (1 / 1.5);
  if (flow.timeDirection === "noise-at-one") return 0.999 * beta + 0.001;
  switch (flow.times) {
    case "from zero":
      return 0.999 * (1 - beta);
    case "from before zero":
      return (0.999 - beta) / 0.999;
  }
}

/** Each time as a head takes it: `[b t e]`. */
export function embedTimes(times: HostArray<"b t">, embedding: TimeEmbedding): HostArray<"b t e"> {
  switch (embedding.kind) {
    case "continuous":
      return embedTime(times, embedding.width);
    case "buckets":
      return embedBuckets(times, embedding);
  }
}

/**
 * Sine and cosine of each time at periods from 0.004 to 4.
 *
 * Made on the host: a runtime's sine depends on the length of the array.
 *
 * @param times `[b t]`, in `[0, 1]`
 * @returns `[b t e]`, sines first
 * @source openpi `pi0.py` `posemb_sincos`, in float64 as the PyTorch port has it
 */
export function embedTime(times: HostArray<"b t">, width: number): HostArray<"b t e"> {
  const half = width / 2;
  const rates = Float64Array.from(
    { length: half },
    (_, at) => (2 * Math.PI) / (shortest * (longest / shortest) ** (at / (half - 1))),
  );
  const values = new Float32Array(times.cells.length * width);
  for (let at = 0; at < times.cells.length; at++)
    for (let rate = 0; rate < half; rate++) {
      const angle = times.cells[at]! * rates[rate]!;
      values[at * width + rate] = Math.sin(angle);
      values[at * width + half + rate] = Math.cos(angle);
    }
  return new HostArray("b t e", [...times.shape, width], "float32", values);
}

/**
 * Sines and cosines of the thousandth that each time lies in: sines first for the tokens, then cosines first for the condition.
 *
 * @param times `[b t]`, in `(−0.001, 1]`; those before zero lie in the first thousandth
 * @source GR00T `SinusoidalPositionalEncoding`; diffusers `get_timestep_embedding` with `flip_sin_to_cos` and a shift of 1
 */
function embedBuckets(times: HostArray<"b t">, { tokens, condition }: BucketWidths): HostArray<"b t e"> {
  const width = tokens + condition;
  const values = new Float32Array(times.cells.length * width);
  for (let at = 0; at < times.cells.length; at++) {
    // In float32, as GR00T has it: 0.9 lies in the bucket 900, and of its float32, times 1000, only 899.99998 is in float64.
    const bucket = Math.max(0, Math.floor(Math.fround(times.cells[at]! * 1000)));
    const row = values.subarray(at * width, (at + 1) * width);
    for (let rate = 0; rate < tokens / 2; rate++) {
      const angle = bucket * longestBucket ** (-rate / (tokens / 2));
      row[rate] = Math.sin(angle);
      row[tokens / 2 + rate] = Math.cos(angle);
    }
    for (let rate = 0; rate < condition / 2; rate++) {
      const angle = bucket * longestBucket ** (-rate / (condition / 2 - 1));
      row[tokens + rate] = Math.cos(angle);
      row[tokens + condition / 2 + rate] = Math.sin(angle);
    }
  }
  return new HostArray("b t e", [...times.shape, width], "float32", values);
}

type BucketWidths = Extract<TimeEmbedding, { readonly kind: "buckets" }>;

const longestBucket = 10_000;
const shortest = 4e-3;
const longest = 4;
