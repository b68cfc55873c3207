import { BatchMaker, type BatchRequest } from "../batch/maker.ts";
import { frameCount } from "../mixture/frames.ts";
import type { TargetOptions } from "../objective/target.ts";
import { layoutOf, loadPlanOf, type Plan } from "../recipe/plan.ts";
import { auditDraws } from "./draw.ts";
import { type GlobalBatch, productParts } from "./global-batch.ts";

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
  return purposes.flatMap((purpose) => requestsOf(plan, purpose, batches));
}

/** Global batches of one micro-batch each, as the plan's datasets and units give them. */
export async function loadGlobalBatches(plan: Plan, requests: readonly AuditBatchRequest[]): Promise<GlobalBatch[]> {
  const maker = await BatchMaker.open(loadPlanOf(plan));
  try {
    const wholes: GlobalBatch[] = [];
    for (const { request } of requests)
      wholes.push({
        plan,
        rows,
        asked: plan.recipe.policy.actionHorizon,
        ranks: 1,
        through: productParts,
        parts: [{ batch: await maker.make(request), noise: null, teaching: null }],
        hidden: 0,
      });
    return wholes;
  } finally {
    await maker.close();
  }
}

function requestsOf(plan: Plan, purpose: TargetOptions["purpose"], batches: number): AuditBatchRequest[] {
  const layout = layoutOf(plan.recipe, rows);
  const samples = isRagged(plan, purpose) ? rows - 1 : rows;
  return auditDraws(plan, { purpose, batches, samples }).map((draws) => ({
    purpose,
    request: { purpose: purpose === "training" ? "train" : "validation", layout, draws },
  }));
}

/** Whether the user's own micro-batches of a side end in filler rows. */
function isRagged({ recipe, mixture }: Plan, purpose: TargetOptions["purpose"]): boolean {
  const { batch, validation } = recipe;
  if (purpose === "training") return batch.size % batch.microBatch !== 0;
  const limit = validation.framesPerMember === "all" ? Number.POSITIVE_INFINITY : validation.framesPerMember;
  const held = mixture.members.reduce((sum, member) => sum + Math.min(limit, frameCount(member.validation)), 0);
  return held % validation.microBatch !== 0;
}
