import { BatchMaker, type BatchRequest } from "../batch/maker.ts";
import { type BatchShape, layoutIn } from "../batch/shape.ts";
import { frameCount } from "../mixture/frames.ts";
import type { Draw } from "../mixture/sampler.ts";
import type { TargetOptions } from "../objective/target.ts";
import { layoutOf, loadPlanOf, type Plan } from "../recipe/plan.ts";
import { auditDraws } from "./draw.ts";
import { type GlobalBatch, type GlobalBatchPart, productParts } from "./global-batch.ts";

/** Rows of the audit's micro-batches: laws hold at any number, fewer are faster, one row has kernels of its own. */
const rows = 4;

const purposes: readonly TargetOptions["purpose"][] = ["training", "validation"];

/** A micro-batch that the audit looks at. */
export interface AuditBatchRequest {
  readonly purpose: TargetOptions["purpose"];
  readonly request: BatchRequest;
}

/** Micro-batches of training samples, and as many of held-out ones. */
export function auditRequests(plan: Plan, batches: number): AuditBatchRequest[] {
  return requestsOfShape(plan, batches, { shape: layoutOf(plan.recipe, rows), isOf: () => true });
}

/** The samples that are computed in a shape. */
export interface ShapedSamples {
  readonly shape: BatchShape;
  readonly isOf: (draw: Draw, purpose: BatchRequest["purpose"]) => boolean;
}

/** The same of those samples alone that are computed in a shape; none of a side that has none of them. */
export function requestsOfShape(plan: Plan, batches: number, samples: ShapedSamples): AuditBatchRequest[] {
  return purposes.flatMap((purpose) => requestsOf(plan, { purpose, batches, ...samples }));
}

/** Global batches of one micro-batch each, as the plan's datasets and units give them. */
export async function loadGlobalBatches(plan: Plan, requests: readonly AuditBatchRequest[]): Promise<GlobalBatch[]> {
  const parts = await loadParts(
    plan,
    requests.map(({ request }) => request),
  );
  return parts.map((part) => ({
    plan,
    rows,
    asked: plan.recipe.policy.actionHorizon,
    ranks: 1,
    through: productParts,
    parts: [part],
    hidden: 0,
  }));
}

/** Micro-batches as they are loaded. */
export async function loadParts(plan: Plan, requests: readonly BatchRequest[]): Promise<GlobalBatchPart[]> {
  const maker = await BatchMaker.open(loadPlanOf(plan));
  try {
    const parts: GlobalBatchPart[] = [];
    for (const request of requests) parts.push({ batch: await maker.make(request), noise: null, teaching: null });
    return parts;
  } finally {
    await maker.close();
  }
}

interface Wanted extends ShapedSamples {
  readonly purpose: TargetOptions["purpose"];
  readonly batches: number;
}

function requestsOf(plan: Plan, { purpose, batches, shape, isOf }: Wanted): AuditBatchRequest[] {
  const layout = layoutIn(layoutOf(plan.recipe, rows), shape);
  const samples = isRagged(plan, purpose) ? rows - 1 : rows;
  const side = purpose === "training" ? "train" : "validation";
  const choice = { purpose, batches, samples, isWanted: (draw: Draw) => isOf(draw, side) };
  return auditDraws(plan, choice).map((draws) => ({ purpose, request: { purpose: side, layout, draws } }));
}

/** Whether the user's own micro-batches of a side end in filler rows; numbers of rows are rounded up where shapes fit. */
function isRagged({ recipe, mixture }: Plan, purpose: TargetOptions["purpose"]): boolean {
  const { batch, validation } = recipe;
  if (batch.shapes === "fit") return true;
  if (purpose === "training") return batch.size % batch.microBatch !== 0;
  const limit = validation.framesPerMember === "all" ? Number.POSITIVE_INFINITY : validation.framesPerMember;
  const held = mixture.members.reduce((sum, member) => sum + Math.min(limit, frameCount(member.validation)), 0);
  return held % validation.microBatch !== 0;
}
