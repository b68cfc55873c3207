import type { Batch } from "../batch/batch.ts";
import { filled, type Poison } from "../batch/poison.ts";
import { type Arrays, type DataType, HostArray } from "../graph/host-array.ts";
import type { WeightsByErrors } from "../loss/reduction.ts";
import { hiddenPoison } from "../nn/parameter.ts";
import { flowInputs } from "../objective/flow.ts";
import { cellWeightsOf, type MicroBatch, microBatchOf, weightFeeds, wholeCounts } from "../objective/micro-batch.ts";
import type { TargetOptions } from "../objective/target.ts";
import { teachesInput } from "../objective/traced.ts";
import { type Plan, targetOf, termsOf } from "../recipe/plan.ts";

/** A micro-batch, what its noise is poisoned with and what of it teaches. */
export interface GlobalBatchPart {
  readonly batch: Batch;
  readonly noise: { readonly at: Uint8Array; readonly poison: Poison } | null;
  /** The same samples with fewer steps, of which alone cells teach and are compared; `null` where all that exist do. */
  readonly teaching: Batch | null;
}

/** Micro-batches that make up one global batch, and the policy that they go through. */
export interface GlobalBatch {
  readonly plan: Plan;
  /** Of each micro-batch. */
  readonly rows: number;
  readonly purpose: TargetOptions["purpose"];
  readonly parts: readonly GlobalBatchPart[];
  /** What is added to hidden states of tokens that do not exist. */
  readonly hidden: number;
}

/** A micro-batch and all that a program is fed for it, parameters apart. */
export interface Fed {
  readonly micro: MicroBatch;
  readonly feeds: Arrays;
  /** Of its cells in the loss. */
  readonly cellWeights: WeightsByErrors;
}

/** What programs are fed for each micro-batch: the product's own noise, times, supervision and weights of cells. */
export function fed({ plan, purpose, parts, hidden }: GlobalBatch): Fed[] {
  const target = targetOf(plan, purpose);
  const terms = termsOf(plan);
  const drawn = (batch: Batch) => microBatchOf(batch, target, "as drawn");
  const micros = parts.map(({ batch, noise, teaching }) => {
    const micro = withNoise(drawn(batch), noise);
    return teaching === null ? micro : taughtBy(micro, drawn(teaching));
  });
  const whole = wholeCounts(micros, terms);
  const added = new HostArray("", [], "float32", Float32Array.of(hidden));
  return micros.map((micro) => {
    const cellWeights = cellWeightsOf(micro, terms, whole, plan.rules);
    const feeds = new Map([...micro.feeds, ...weightFeeds(cellWeights), [hiddenPoison, added] as const]);
    return { micro, feeds, cellWeights };
  });
}

function isFloat32(array: HostArray<string, DataType> | undefined): array is HostArray<string, "float32"> {
  return array?.type === "float32";
}

/** A micro-batch in which the cells of another teach. */
function taughtBy(micro: MicroBatch, { feeds, counts }: MicroBatch): MicroBatch {
  const teaching = [...counts.keys()].map((errors) => {
    const name = teachesInput(errors);
    return [name, feeds.get(name)!] as const;
  });
  return { ...micro, feeds: new Map([...micro.feeds, ...teaching]), counts };
}

function withNoise(micro: MicroBatch, noise: GlobalBatchPart["noise"]): MicroBatch {
  if (noise === null) return micro;
  const own = micro.feeds.get(flowInputs.noise);
  if (!isFloat32(own)) throw new TypeError(`audit: expected noise in float32, got ${own?.type ?? "none"}`);
  const sick = filled(own, noise.at, noise.poison.number);
  return { ...micro, feeds: new Map([...micro.feeds, [flowInputs.noise, sick]]) };
}
