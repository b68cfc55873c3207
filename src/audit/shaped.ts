import { type BatchShape, dealtByShape, isSameShape, type Shaping } from "../batch/shape.ts";
import { layoutOf, type Plan } from "../recipe/plan.ts";
import type { GlobalBatch } from "./global-batch.ts";
import { asTheyAre, type Variation } from "./law.ts";
import { type AuditBatchRequest, loadGlobalBatches, loadParts, requestsOfShape } from "./real-batch.ts";
import { rowsOf } from "./row-variation.ts";
import { summedInAnotherOrder } from "./sum-closeness.ts";
import type { Trial } from "./trial.ts";

/** Global batches in each shape in which a plan computes rows, but for the one that has room for every row. */
export async function batchesByShape(plan: Plan, shaping: Shaping, batches: number): Promise<GlobalBatch[]> {
  const whole = layoutOf(plan.recipe, 1);
  const found: GlobalBatch[] = [];
  for (const [at, shape] of shaping.shapes.entries()) {
    if (isSameShape(shape, whole)) continue;
    const requests = requestsOfShape(plan, batches, {
      shape,
      isOf: (draw, purpose) => shaping.shapeOf(draw, purpose) === at,
    });
    found.push(...(await loadGlobalBatches(narrowed(plan, shape), requests)));
  }
  return found;
}

/** The plan of a policy that has room for no more than a shape. */
function narrowed(plan: Plan, { views, observations, tokens }: BatchShape): Plan {
  const { recipe } = plan;
  const { policy } = recipe;
  const narrow = {
    ...policy,
    views: policy.views.slice(0, views),
    promptTokens: tokens,
    history: { ...policy.history, slots: observations },
  };
  return { ...plan, recipe: { ...recipe, policy: narrow } };
}

/** The samples of one micro-batch dealt by shape, as training deals them: what comes out is what comes out of the one shape. */
export async function dealtTrial(
  base: GlobalBatch,
  { purpose, request }: AuditBatchRequest,
  shaping: Shaping,
): Promise<Trial> {
  const { plan, rows } = base;
  const dealt = dealtByShape(request.draws, {
    purpose: purpose === "training" ? "train" : "validation",
    layout: request.layout,
    shaping,
    rows: "full",
  });
  const parts = await loadParts(plan, dealt);
  const places = dealt.flatMap((one) => Array.from({ length: rows }, (_, row) => one.places[row] ?? -1));
  const variation: Variation<GlobalBatch> = {
    law: "split",
    kinds: [],
    name: "rows dealt by shape",
    inputs: [{ ...base, parts }],
    back: (outputs) =>
      rowsOf(
        asTheyAre(outputs),
        Array.from({ length: rows }, (_, row) => places.indexOf(row)),
      ),
    promise: summedInAnotherOrder(),
  };
  const trial: Trial = { base, variation, entry: { place: "batch/shape.ts: rows dealt by shape" }, apart: () => trial };
  return trial;
}
