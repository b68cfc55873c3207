import { type Batch, withFacts } from "../batch/batch.ts";
import { filled, type Poison } from "../batch/poison.ts";
import { type Arrays, type DataType, HostArray } from "../graph/host-array.ts";
import { hiddenPoison } from "../nn/parameter.ts";
import { sampleKeys } from "../objective/action-noise.ts";
import { flowInputs } from "../objective/flow.ts";
import { type MicroBatch, microBatchOf } from "../objective/micro-batch.ts";
import type { ActionSampler } from "../objective/sample.ts";
import type { TargetOptions } from "../objective/target.ts";
import { teachesInput } from "../objective/traced.ts";
import { type Plan, targetOf } from "../recipe/plan.ts";
import { asAsked } from "../training/action-errors.ts";
import { Validity } from "../validity/validity.ts";
import { cellsOf, type PaddingKind } from "./kind.ts";

/** A micro-batch, what its noise is poisoned with and what of it teaches. */
export interface GlobalBatchPart {
  readonly batch: Batch;
  /** Stands in the noise of cells that do not exist because of these kinds of padding. */
  readonly noise: { readonly kinds: readonly PaddingKind[]; readonly poison: Poison } | null;
  /** The same samples with fewer steps, of which alone cells teach and are compared; `null` where all that exist do. */
  readonly teaching: Batch | null;
}

/** A part of the product: the training step, the validator, the sampler. */
export const productParts = ["training", "validation", "sampling"] as const;

export type ProductPart = (typeof productParts)[number];

/** Micro-batches that make up one global batch, the policy that they go through, and what else than the product's own is fed to it. */
export interface GlobalBatch {
  readonly plan: Plan;
  /** Of each micro-batch. */
  readonly rows: number;
  /** Steps of the chunk that a robot asks for; more are padding. */
  readonly asked: number;
  /** Ranks that the micro-batches are dealt to. */
  readonly ranks: number;
  /** What it is run through: not through that whose outputs promise nothing, or follow from nothing that changes. */
  readonly through: readonly ProductPart[];
  readonly parts: readonly GlobalBatchPart[];
  /** What is added to hidden states of tokens that do not exist. */
  readonly hidden: number;
}

/** The micro-batches that a training step takes. */
export function trainedMicros(whole: GlobalBatch): MicroBatch[] {
  const target = targetOf(whole.plan, "training");
  return whole.parts.map((part) => microOf(whole, part, target, "as drawn"));
}

/** The micro-batches that the validator takes: all draws of each. */
export async function* validatedMicros(
  whole: GlobalBatch,
  turns: readonly number[],
): AsyncGenerator<readonly MicroBatch[]> {
  const target = targetOf(whole.plan, "validation");
  const { draws } = whole.plan.recipe.validation;
  for (const turn of turns)
    yield Array.from({ length: draws }, (_, draw) => microOf(whole, whole.parts[turn]!, target, draw));
}

/** What the sampler takes for a micro-batch whose rows are robots that ask for actions, with the noise of the first draw. */
export function actedFeeds(whole: GlobalBatch, { batch, noise }: GlobalBatchPart, sampler: ActionSampler): Arrays {
  const asked = askedOf(batch, whole.asked);
  const feeds = sampler.feedsOf(asked, sampleKeys(asked, { ...keyedBy(whole), draw: 0 }));
  return withHidden(withNoise(feeds, asked, noise), whole.hidden);
}

/** What a batch's own samples are keyed by beside episode and frame. */
export function keyedBy({ plan: { recipe, mixture } }: Pick<GlobalBatch, "plan">) {
  return { seed: recipe.seed, datasets: mixture.datasets };
}

/** Asked for actions, a robot has every step of its chunk; what stands behind the chunk is padding. */
export function askedOf(batch: Batch, steps: number): Batch {
  const asked = asAsked(batch);
  const { stepReal } = asked.facts;
  const count = stepReal.shape[1]!;
  const within = Uint8Array.from(stepReal.bits, (bit, at) => (at % count < steps ? bit : 0));
  return withFacts(asked, { ...asked.facts, stepReal: Validity.of("b t", stepReal.shape, within) });
}

/** The product's own noise, times and supervision, but for what is poisoned. */
function microOf(
  { hidden }: GlobalBatch,
  { batch, noise, teaching }: GlobalBatchPart,
  target: TargetOptions,
  draw: "as drawn" | number,
): MicroBatch {
  const micro = microBatchOf(batch, target, draw);
  const sick = { ...micro, feeds: withHidden(withNoise(micro.feeds, batch, noise), hidden) };
  return teaching === null ? sick : taughtBy(sick, microBatchOf(teaching, target, draw));
}

function withHidden(feeds: Arrays, hidden: number): Arrays {
  return new Map([...feeds, [hiddenPoison, new HostArray("", [], "float32", Float32Array.of(hidden))]]);
}

function withNoise(feeds: Arrays, batch: Batch, noise: GlobalBatchPart["noise"]): Arrays {
  if (noise === null) return feeds;
  const own = feeds.get(flowInputs.noise);
  if (own === undefined) return feeds;
  if (!isFloat32(own)) throw new TypeError(`audit: expected noise in float32, got ${own?.type ?? "none"}`);
  const sick = filled(own, cellsOf(noise.kinds, batch).actions, noise.poison.number);
  return new Map([...feeds, [flowInputs.noise, sick]]);
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
