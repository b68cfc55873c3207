import type { Batch } from "../batch/batch.ts";
import type { Loader } from "../batch/loader.ts";
import { stepDraws } from "../batch/request.ts";
import { dealtByShape, type Shaping } from "../batch/shape.ts";
import { type RankInWorld, shareOf } from "../ranks/deal.ts";
import { layoutOf, type Plan } from "../recipe/plan.ts";
import type { StepShare } from "./trainer.ts";

/** Whose share of which steps. */
interface Shared {
  readonly plan: Plan;
  /** `null`: every row has the recipe's one shape. */
  readonly shaping: Shaping | null;
  readonly world: RankInWorld;
}

/** The micro-batches of a step that a rank computes, and how many there are over all ranks. */
export function requestsOfStep({ plan: { recipe, mixture }, shaping, world }: Shared, step: number) {
  const { size, microBatch } = recipe.batch;
  const layout = layoutOf(recipe, microBatch);
  const all = dealtByShape(stepDraws(mixture, size, step), { purpose: "train", layout, shaping, rows: "fewest" });
  const { start, end } = shareOf(all.length, world);
  return { requests: all.slice(start, end), microBatches: all.length };
}

/** A rank's share of the micro-batches of each step from one on, in order of the steps. They are loaded ahead of time. */
export function stepShares(loader: Loader, shared: Shared, from: number, until: number): () => Promise<StepShare> {
  function* requests() {
    for (let step = from; step < until; step++) yield* requestsOfStep(shared, step).requests;
  }
  const stream = loader.batches(requests());
  let step = from;
  return async () => {
    const { requests: own, microBatches } = requestsOfStep(shared, step++);
    const batches: Batch[] = [];
    for (let at = 0; at < own.length; at++) {
      const next = await stream.next();
      if (next.done === true) break;
      batches.push(next.value);
    }
    return { batches, places: own.map(({ places }) => places), microBatches };
  };
}
