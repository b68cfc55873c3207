import type { PlainError } from "../plain-error.ts";
import type { EncodedBatch } from "./batch.ts";
import type { BatchRequest, LoadPlan } from "./maker.ts";

/** What a worker is started with. */
export interface WorkerStart {
  readonly plan: LoadPlan;
  /** Memory for the decoded pictures of each member, which all workers share. */
  readonly pictures: readonly SharedArrayBuffer[];
}

/** What the loader tells a worker. */
export type ToWorker =
  | { readonly kind: "make"; readonly id: number; readonly request: BatchRequest }
  | { readonly kind: "close" };

/** What a worker answers. */
export type FromWorker =
  | { readonly kind: "made"; readonly id: number; readonly batch: EncodedBatch }
  | { readonly kind: "failed"; readonly id: number; readonly error: PlainError };
